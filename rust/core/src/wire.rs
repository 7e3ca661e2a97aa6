//! A reply as the HTTP library sends it.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::Response;
use actix_http::body::{BodySize, MessageBody};
use actix_http::header::CONTENT_TYPE;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_local};

use crate::reply::{Body, Finish, Reply};
use crate::watchdog::InFlight;

/// A reply's body, which hands its `Finish` on when it is sent or dropped.
pub(crate) struct WireBody {
    size: BodySize,
    bytes: Option<Bytes>,
    finish: Option<(Finish, FinishQueue)>,
    /// The request is in flight until the body is gone.
    _in_flight: Option<InFlight>,
}

/// Where replies leave the work that follows them.
pub(crate) type FinishQueue = mpsc::UnboundedSender<Finish>;

/// Runs what follows replies in a task of its own: a body is dropped when its last byte is in the
/// connection's buffer, and work that ran right there would hold back the bytes before it.
pub(crate) struct Finisher {
    queue: FinishQueue,
    task: JoinHandle<()>,
}

impl Finisher {
    /// Starts the task.
    pub fn start() -> Self {
        let (queue, mut finishes) = mpsc::unbounded_channel::<Finish>();
        let task = spawn_local(async move {
            while let Some(finish) = finishes.recv().await {
                // One reply's panic must not keep the others from being finished.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(finish)));
            }
        });
        Self { queue, task }
    }

    /// Where to leave work.
    pub fn queue(&self) -> FinishQueue {
        self.queue.clone()
    }

    /// Waits until everything that was left is done. Every queue must be gone by then.
    pub async fn stop(self) {
        drop(self.queue);
        let _ = self.task.await;
    }
}

/// The HTTP library's response.
pub(crate) fn respond(
    reply: Reply,
    queue: &FinishQueue,
    in_flight: Option<InFlight>,
) -> Response<WireBody> {
    let (size, bytes) = match reply.body {
        // The library leaves out the length where the status forbids one.
        Body::Empty => (BodySize::Sized(0), None),
        Body::Full(bytes) => (BodySize::Sized(bytes.len() as u64), Some(bytes)),
        Body::Omitted(length) => (BodySize::Sized(length), None),
    };
    let body = WireBody {
        size,
        bytes,
        finish: reply.finish.map(|finish| (finish, queue.clone())),
        _in_flight: in_flight,
    };
    let mut response = Response::with_body(reply.status, body);
    let headers = response.headers_mut();
    if let Some(content_type) = reply.content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in reply.headers {
        headers.append(name, value);
    }
    response
}

impl MessageBody for WireBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(self.bytes.take().map(Ok))
    }
}

impl Drop for WireBody {
    fn drop(&mut self) {
        if let Some((finish, queue)) = self.finish.take() {
            // Where the task is gone, the work comes back in the error and runs here.
            let _ = queue.send(finish);
        }
    }
}
