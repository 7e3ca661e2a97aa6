//! One event at many clients: a number, five times a second.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::body::BodyStream;
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::replies::{Reply, full};

/// As in `perf/apps/shared/ticks.py`.
const PERIOD: Duration = Duration::from_millis(200);

/// The clock; it runs from the first client on.
pub struct Ticks {
    number: watch::Sender<u64>,
    runs: Cell<bool>,
}

impl Ticks {
    pub fn new() -> Self {
        Self {
            number: watch::Sender::new(0),
            runs: Cell::new(false),
        }
    }

    /// Every number from now on.
    pub fn stream(&self) -> Reply {
        if !self.runs.replace(true) {
            let number = self.number.clone();
            spawn_local(async move {
                loop {
                    sleep(PERIOD).await;
                    number.send_modify(|number| *number += 1);
                }
            });
        }
        let listening = Listening(next(self.number.subscribe()));
        full("text/event-stream", BodyStream::new(listening))
    }
}

type Next = Pin<Box<dyn Future<Output = (watch::Receiver<u64>, u64)>>>;

/// The number that comes next.
struct Listening(Next);

fn next(mut numbers: watch::Receiver<u64>) -> Next {
    Box::pin(async move {
        // An error would mean that the clock is gone, and it is not.
        let _ = numbers.changed().await;
        let number = *numbers.borrow_and_update();
        (numbers, number)
    })
}

impl Stream for Listening {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (numbers, number) = ready!(self.0.as_mut().poll(cx));
        self.0 = next(numbers);
        Poll::Ready(Some(Ok(Bytes::from(format!("data: {number}\n\n")))))
    }
}
