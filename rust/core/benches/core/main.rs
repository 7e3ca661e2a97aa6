//! What the stages of a request cost, without a socket and without Python.

mod authentication;
#[path = "../../tests/common/mod.rs"]
mod common;
mod extracting;
mod guarding;
#[path = "../../tests/plain/mod.rs"]
mod plain;
mod routing;
mod service;
#[path = "../../tests/signers/mod.rs"]
mod signers;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// Short for each, so that all of them together stay below two minutes.
fn settings() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1200))
        .sample_size(40)
        .without_plots()
}

criterion_group! {
    name = stages;
    config = settings();
    targets = routing::find, authentication::authenticate, authentication::key_pairs, guarding::evaluate, extracting::extract,
        service::handle
}
criterion_main!(stages);
