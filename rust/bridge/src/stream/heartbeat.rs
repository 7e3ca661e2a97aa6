//! Comments in a stream of events that is silent, so that nobody on the way takes it for dead.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep};

/// A comment of WHATWG HTML §9.2: clients read over it.
const COMMENT: Bytes = Bytes::from_static(b": ping\n\n");

/// A stream of events that is never silent for longer than its period.
pub struct Heartbeat<S> {
    events: S,
    period: Duration,
    last: Instant,
    /// Made when the stream is first silent.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Heartbeat<S> {
    pub fn new(events: S, period: Duration) -> Self {
        Self {
            events,
            period,
            last: Instant::now(),
            timer: None,
        }
    }
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Stream for Heartbeat<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Poll::Ready(event) = Pin::new(&mut this.events).poll_next(cx) {
            this.last = Instant::now();
            return Poll::Ready(event);
        }
        let period = this.period;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(period)));
        while timer.as_mut().poll(cx).is_ready() {
            // An event does not touch the timer, which is set again only when it has run out.
            let due = this.last + period;
            if due <= Instant::now() {
                this.last = Instant::now();
                timer.as_mut().reset(this.last + period);
                return Poll::Ready(Some(Ok(COMMENT)));
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
