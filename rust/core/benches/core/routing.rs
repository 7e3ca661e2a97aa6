//! Finding a route among few and among many.

use std::hint::black_box;

use actix_http::Method;
use bolt_core::plan;
use bolt_core::router::Router;
use criterion::{BenchmarkId, Criterion};
use serde_json::json;

use crate::common::route;

/// Paths that share a beginning.
const SECTION: usize = 50;

/// As many routes, every other one with two parameters.
fn router(count: usize) -> Router {
    let routes: Vec<plan::Route> = (0..count)
        .map(|index| {
            let section = index / SECTION;
            let path = match index % 2 {
                0 => format!("/section{section}/page{index}"),
                _ => format!("/section{section}/{{id}}/part{index}/{{slug}}"),
            };
            serde_json::from_value(route("GET", &path, "handler", json!({}))).unwrap()
        })
        .collect();
    Router::compile(&routes).unwrap()
}

pub fn find(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("route");
    for count in [5, 500, 5000] {
        let router = router(count);
        // A static route in the middle, and the route with parameters after it.
        let index = count / 4 * 2;
        let (section, after) = (index / SECTION, index + 1);
        let cases = [
            ("static", format!("/section{section}/page{index}"), true),
            (
                "parameters",
                format!("/section{section}/17/part{after}/blue"),
                true,
            ),
            ("slash", format!("/section{section}/page{index}/"), true),
            ("missing", format!("/section{section}/page{index}/x"), false),
            ("missing at once", "/elsewhere".to_owned(), false),
        ];
        for (name, path, is_found) in cases {
            assert_eq!(router.find(&Method::GET, &path).is_ok(), is_found, "{path}");
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| router.find(&Method::GET, black_box(&path)).is_ok());
            });
        }
    }
    group.finish();
}
