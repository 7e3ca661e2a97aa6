//! Server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::body::BodyStream;
use bytes::Bytes;
use futures_core::Stream;

use crate::replies::{Reply, full};

const EVENTS: u32 = 10;

/// The number of the next event.
struct Events(u32);

/// Ten events, a chunk each.
pub fn stream() -> Reply {
    full("text/event-stream", BodyStream::new(Events(0)))
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let number = self.0;
        self.0 += 1;
        let event = || Ok(Bytes::from(format!("data: {number}\n\n")));
        Poll::Ready((number < EVENTS).then(event))
    }
}
