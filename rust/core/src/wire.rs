//! A reply as the HTTP library sends it.

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::Response;
use actix_http::body::{BodySize, MessageBody};
use actix_http::header::CONTENT_TYPE;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet, spawn_local};
use tokio::time::timeout;

use crate::reply::{Body, Chunks, Finish, Reply};
use crate::watchdog::InFlight;

/// A reply's body, which hands its `Finish` on when it is sent or dropped.
pub(crate) struct WireBody {
    size: BodySize,
    content: Content,
    finish: Option<(Finish, FinishQueue)>,
    /// The request is in flight until the body is gone.
    _in_flight: Option<InFlight>,
}

/// What is still to be sent.
enum Content {
    Nothing,
    Bytes(Bytes),
    Chunks(Chunks),
    /// What was produced before goes out first, then the connection is cut.
    Failed(io::Error),
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
            let mut remainders = JoinSet::new();
            while let Some(finish) = finishes.recv().await {
                // One reply's panic must not keep the others from being finished.
                let begun = catch_unwind(AssertUnwindSafe(|| finish.run()));
                if let Ok(Some(remainder)) = begun {
                    remainders.spawn_local(remainder);
                }
                while remainders.try_join_next().is_some() {}
            }
            while remainders.join_next().await.is_some() {}
        });
        Self { queue, task }
    }

    /// Where to leave work.
    pub fn queue(&self) -> FinishQueue {
        self.queue.clone()
    }

    /// Waits until everything that was left is done, and no longer than `patience`. Every queue
    /// must be gone by then.
    pub async fn stop(self, patience: Duration) -> bool {
        drop(self.queue);
        timeout(patience, self.task).await.is_ok()
    }
}

/// The HTTP library's response.
pub(crate) fn respond(
    reply: Reply,
    queue: &FinishQueue,
    in_flight: Option<InFlight>,
) -> Response<WireBody> {
    let (size, content) = match reply.body {
        // The library leaves out the length where the status forbids one.
        Body::Empty => (BodySize::Sized(0), Content::Nothing),
        Body::Full(bytes) => (BodySize::Sized(bytes.len() as u64), Content::Bytes(bytes)),
        Body::Stream(stream) => (
            stream.length.map_or(BodySize::Stream, BodySize::Sized),
            Content::Chunks(stream.chunks),
        ),
        Body::Omitted(length) => (BodySize::Sized(length), Content::Nothing),
        Body::Withheld => (BodySize::None, Content::Nothing),
        Body::File(_) => unreachable!("the service has opened it"),
    };
    let body = WireBody {
        size,
        content,
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
    type Error = io::Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Content::Chunks(chunks) = &mut self.content {
            return match ready!(poll_filled(chunks, cx)) {
                Some(Err(error)) => {
                    // The library drops what it has not written yet when it is told of an error.
                    self.content = Content::Failed(error);
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                None => {
                    self.content = Content::Nothing;
                    Poll::Ready(None)
                }
                chunk => Poll::Ready(chunk),
            };
        }
        Poll::Ready(match mem::replace(&mut self.content, Content::Nothing) {
            Content::Bytes(bytes) => Some(Ok(bytes)),
            Content::Failed(error) => Some(Err(error)),
            Content::Nothing | Content::Chunks(_) => None,
        })
    }
}

/// The next chunk that has bytes: the library would take an empty one for the end.
fn poll_filled(chunks: &mut Chunks, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
    loop {
        match ready!(chunks.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) if chunk.is_empty() => {}
            next => return Poll::Ready(next),
        }
    }
}

impl Drop for WireBody {
    fn drop(&mut self) {
        // A stream ends before what follows it begins.
        self.content = Content::Nothing;
        if let Some((finish, queue)) = self.finish.take() {
            // Where the task is gone, the work comes back in the error and runs here.
            let _ = queue.send(finish);
        }
    }
}
