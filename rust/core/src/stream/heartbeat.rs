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
    /// Wraps events that are sent whole, each of them one item.
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::sync::mpsc;
    use tokio::time::advance;

    use super::*;

    const PERIOD: Duration = Duration::from_secs(15);

    struct Received(mpsc::UnboundedReceiver<Bytes>);

    impl Stream for Received {
        type Item = io::Result<Bytes>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0.poll_recv(cx).map(|event| event.map(Ok))
        }
    }

    /// What is there without waiting.
    async fn now(events: &mut Heartbeat<Received>) -> Option<Bytes> {
        poll_fn(|cx| {
            Poll::Ready(match Pin::new(&mut *events).poll_next(cx) {
                Poll::Ready(event) => Some(event.map_or_else(Bytes::new, Result::unwrap)),
                Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_comment_comes_after_each_period_of_silence() {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut events = Heartbeat::new(Received(receiver), PERIOD);
        for _ in 0..3 {
            assert_eq!(now(&mut events).await, None);
            advance(PERIOD).await;
            assert_eq!(now(&mut events).await, Some(COMMENT));
        }
        // An event puts the next comment off.
        advance(PERIOD / 2).await;
        sender.send(Bytes::from_static(b"event")).unwrap();
        assert_eq!(now(&mut events).await.unwrap(), "event");
        advance(PERIOD * 3 / 4).await;
        assert_eq!(now(&mut events).await, None);
        advance(PERIOD / 4).await;
        assert_eq!(now(&mut events).await, Some(COMMENT));
        drop(sender);
        assert_eq!(now(&mut events).await.unwrap(), "", "the end");
    }

    #[tokio::test(start_paused = true)]
    async fn it_wakes_whoever_waits() {
        let (_sender, receiver) = mpsc::unbounded_channel();
        let mut events = Heartbeat::new(Received(receiver), PERIOD);
        let began = Instant::now();
        let event = poll_fn(|cx| Pin::new(&mut events).poll_next(cx)).await;
        assert_eq!(event.unwrap().unwrap(), COMMENT);
        assert!(began.elapsed() >= PERIOD && began.elapsed() < PERIOD * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_did_not_read_gets_one_comment_and_not_many() {
        let (_sender, receiver) = mpsc::unbounded_channel();
        let mut events = Heartbeat::new(Received(receiver), PERIOD);
        assert_eq!(now(&mut events).await, None);
        advance(PERIOD * 100).await;
        assert_eq!(now(&mut events).await, Some(COMMENT));
        assert_eq!(now(&mut events).await, None);
    }
}
