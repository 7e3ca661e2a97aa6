//! Which answer a method and a path have.

use std::time::Duration;

use actix_http::{HttpMessage, Request, Response, StatusCode};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::data::Data;
use crate::replies::{self, Answer, Reply};
use crate::{events, file, items, params, tokens, upload};

/// Answers a request. What is wrong with one is its status alone.
pub async fn answer(data: &Data, request: Request) -> Reply {
    respond(data, request)
        .await
        .unwrap_or_else(|status| Response::new(status).map_into_boxed_body())
}

async fn respond(data: &Data, mut request: Request) -> Answer {
    match (request.method().as_str(), request.path()) {
        ("GET", "/hello" | "/hello-sync" | "/hello-controller") => replies::greeting(),
        ("GET", "/me/hs256") => tokens::user(&data.hs256, request.headers()),
        ("GET", "/me/rs256") => tokens::user(&data.rs256, request.headers()),
        ("GET", "/me/es256") => tokens::user(&data.es256, request.headers()),
        ("POST", "/items") => items::create(request.take_payload()).await,
        ("POST", "/items/bulk") => items::create_many(request.take_payload()).await,
        ("POST", "/form") => items::submit(request.take_payload()).await,
        ("POST", "/upload") => {
            let boundary = upload::boundary(request.headers())?;
            upload::receive(boundary, request.take_payload()).await
        }
        ("GET", "/sleep") => {
            sleep(Duration::from_millis(1)).await;
            replies::slept()
        }
        ("GET", "/blocking") => {
            let made = spawn_blocking(replies::greeting_bytes).await;
            Ok(replies::made_json(
                made.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)??,
            ))
        }
        ("GET", "/text") => Ok(replies::text("Hello, world!")),
        ("GET", "/redirect") => Ok(replies::redirect("/hello")),
        ("GET", "/file") => file::send(&data.file),
        ("GET", "/events") => Ok(events::stream()),
        ("GET", "/ticks") => Ok(data.ticks.stream()),
        ("GET", path) => params::runway(path, request.uri().query().unwrap_or_default()),
        _ => Err(StatusCode::NOT_FOUND),
    }
}
