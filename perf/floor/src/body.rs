//! Reading a request's body.

use std::future::poll_fn;
use std::pin::pin;

use actix_http::{Payload, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;

/// Every body of the cases is far below.
const MOST: usize = 1 << 20;

/// Reads a body whole. One that arrived in one piece is not copied.
pub async fn read(payload: Payload) -> Result<Bytes, StatusCode> {
    let mut payload = pin!(payload);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = poll_fn(|cx| payload.as_mut().poll_next(cx)).await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if first.len() + rest.len() + chunk.len() > MOST {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if first.is_empty() && rest.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&chunk);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}
