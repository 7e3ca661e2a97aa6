//! Whole requests, from the parsed head to the reply.

use criterion::{BatchSize, Criterion};

use crate::plain::{Case, answer, app};

pub fn handle(criterion: &mut Criterion) {
    let app = app();
    let mut group = criterion.benchmark_group("handle");
    for case in Case::ALL {
        assert_eq!(answer(&app, case.request()).status, case.status());
        group.bench_function(format!("{case:?}"), |bencher| {
            let request = || case.request();
            bencher.iter_batched(
                request,
                |request| answer(&app, request),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}
