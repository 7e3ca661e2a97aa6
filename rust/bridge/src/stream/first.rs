//! Generators whose reply waits for their first chunk: what they raise before it is answered as any
//! handler's exception is.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bolt_core::error::Error;
use bolt_core::handler::Outcome;
use bolt_core::reply::{Body, BodyStream, Chunks, Finish, Reply};
use bytes::Bytes;
use futures_core::Stream;
use parking_lot::Mutex;

use crate::surroundings::settle;

/// The outcome of a handler that is a generator.
pub fn begin(outcome: Outcome<Reply>) -> Outcome<Reply> {
    Outcome::Pending(Box::pin(async move {
        let mut reply = settle(outcome).await?;
        match mem::replace(&mut reply.body, Body::Empty) {
            Body::Stream(stream) => match begun(stream).await {
                Ok(stream) => reply.body = Body::Stream(stream),
                Err(error) => {
                    // Whoever hears of the failure finds everything cleaned up.
                    if let Some(remainder) = reply.finish.take().and_then(Finish::run) {
                        remainder.await;
                    }
                    return Err(error);
                }
            },
            body => reply.body = body,
        }
        Ok(reply)
    }))
}

async fn begun(stream: BodyStream) -> Result<BodyStream, Error> {
    let mut chunks = stream.chunks;
    let first = match poll_fn(|cx| chunks.as_mut().poll_next(cx)).await {
        Some(Err(error)) => return Err(Refusal::unwrap(error)),
        Some(Ok(chunk)) => Some(chunk),
        None => None,
    };
    Ok(BodyStream {
        length: stream.length,
        chunks: Box::pin(Begun { first, chunks }),
    })
}

/// A stream, and the chunk that was taken from it already.
struct Begun {
    first: Option<Bytes>,
    chunks: Chunks,
}

impl Stream for Begun {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.first.take() {
            Some(chunk) => Poll::Ready(Some(Ok(chunk))),
            None => self.chunks.as_mut().poll_next(cx),
        }
    }
}

/// What a request is answered with, on the way through a stream of bytes.
#[derive(Debug)]
pub struct Refusal(Mutex<Option<Error>>);

impl Refusal {
    pub fn wrap(error: Error) -> io::Error {
        io::Error::other(Self(Mutex::new(Some(error))))
    }

    fn unwrap(error: io::Error) -> Error {
        let refusal = error.downcast::<Self>().ok();
        let refused = refusal.and_then(|refusal| refusal.0.into_inner());
        refused.unwrap_or(Error::Internal)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the generator failed before its first item")
    }
}

impl std::error::Error for Refusal {}
