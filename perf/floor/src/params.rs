//! Parameters of a path and a query.

use std::borrow::Cow;

use actix_http::StatusCode;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::replies::{Answer, json};

#[derive(Deserialize)]
struct Query<'a> {
    #[serde(borrow)]
    surface: Cow<'a, str>,
    limit: i64,
    lit: bool,
}

#[derive(Serialize)]
struct Runway<'a> {
    code: &'a str,
    number: i64,
    surface: &'a str,
    limit: i64,
    lit: bool,
}

/// `/airports/{code}/runways/{number}?surface=&limit=&lit=`
pub fn runway(path: &str, query: &str) -> Answer {
    let (code, number) = path
        .strip_prefix("/airports/")
        .and_then(|rest| rest.split_once("/runways/"))
        .ok_or(StatusCode::NOT_FOUND)?;
    let code = percent_decode_str(code).decode_utf8();
    let query: Query<'_> =
        serde_urlencoded::from_str(query).map_err(|_| StatusCode::BAD_REQUEST)?;
    json(&Runway {
        code: &code.map_err(|_| StatusCode::BAD_REQUEST)?,
        number: number.parse().map_err(|_| StatusCode::BAD_REQUEST)?,
        surface: &query.surface,
        limit: query.limit,
        lit: query.lit,
    })
}
