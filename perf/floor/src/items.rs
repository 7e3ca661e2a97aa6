//! Bodies that are parsed into types: JSON, and a form.

use actix_http::{Payload, StatusCode};
use serde::{Deserialize, Serialize};

use crate::body::read;
use crate::replies::{Answer, json};

#[derive(Deserialize)]
struct Item {
    name: String,
    price: f64,
    quantity: u32,
    #[expect(dead_code, reason = "it is parsed and checked all the same")]
    tags: Vec<String>,
}

#[derive(Serialize)]
struct Created {
    name: String,
    total: f64,
}

#[derive(Serialize)]
struct CreatedMany {
    count: usize,
    quantity: u64,
}

#[derive(Deserialize, Serialize)]
struct Form {
    name: String,
    quantity: u32,
}

/// One item.
pub async fn create(payload: Payload) -> Answer {
    let item: Item = parse_json(&read(payload).await?)?;
    json(&Created {
        total: item.price * f64::from(item.quantity),
        name: item.name,
    })
}

/// A list of items.
pub async fn create_many(payload: Payload) -> Answer {
    let items: Vec<Item> = parse_json(&read(payload).await?)?;
    json(&CreatedMany {
        count: items.len(),
        quantity: items.iter().map(|item| u64::from(item.quantity)).sum(),
    })
}

/// A form, urlencoded.
pub async fn submit(payload: Payload) -> Answer {
    let body = read(payload).await?;
    let form: Form = serde_urlencoded::from_bytes(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    json(&form)
}

fn parse_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, StatusCode> {
    serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)
}
