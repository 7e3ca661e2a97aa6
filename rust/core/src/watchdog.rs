//! Closes connections whose next request does not arrive in time.
//!
//! The HTTP library times the first head of a connection, and idleness between requests; a later
//! head that comes a byte a minute is neither. Time is counted in ticks of the accept loop, so that
//! a request costs two writes to a cell, and no timer.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Ticks in the time that a head may take.
const TICKS: u32 = 4;

/// Watches the connections of one server.
pub(crate) struct Watchdog {
    clock: Rc<Cell<u32>>,
    watched: Vec<(Rc<Activity>, AbortHandle)>,
    limit: Duration,
}

impl Watchdog {
    /// Allows each head this much time; zero is no limit.
    pub fn new(limit: Duration) -> Self {
        Self {
            clock: Rc::default(),
            watched: Vec::new(),
            limit,
        }
    }

    /// When to call [`Watchdog::tick`].
    pub fn ticks(&self) -> Interval {
        let period = match self.limit {
            Duration::ZERO => Duration::from_secs(3600),
            limit => limit / TICKS,
        };
        let mut ticks = interval(period.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    /// Wraps an accepted stream.
    pub fn wrap(&self, stream: TcpStream) -> Watched {
        let activity = Rc::new(Activity {
            clock: Rc::clone(&self.clock),
            waiting_since: Cell::new(None),
            in_flight: Cell::new(0),
        });
        Watched { stream, activity }
    }

    /// Watches the task of a connection.
    pub fn watch(&mut self, activity: Rc<Activity>, task: AbortHandle) {
        self.watched.push((activity, task));
    }

    /// Lets time pass; closes what waited too long, forgets what is closed.
    pub fn tick(&mut self) {
        let now = self.clock.get().wrapping_add(1);
        self.clock.set(now);
        let limited = !self.limit.is_zero();
        self.watched.retain(|(activity, task)| {
            let waited = activity.waiting_since.get();
            if limited && waited.is_some_and(|since| now.wrapping_sub(since) > TICKS) {
                task.abort();
            }
            !task.is_finished()
        });
    }
}

/// What a connection is doing.
#[derive(Debug)]
pub(crate) struct Activity {
    clock: Rc<Cell<u32>>,
    /// The tick at which bytes came that are not yet a request.
    waiting_since: Cell<Option<u32>>,
    in_flight: Cell<u32>,
}

impl Activity {
    /// A request is complete up to its body. It is in flight until the result is dropped.
    pub fn begin(self: &Rc<Self>) -> InFlight {
        self.waiting_since.set(None);
        self.in_flight.set(self.in_flight.get() + 1);
        InFlight(Rc::clone(self))
    }

    fn received(&self) {
        if self.in_flight.get() == 0 && self.waiting_since.get().is_none() {
            self.waiting_since.set(Some(self.clock.get()));
        }
    }
}

/// A request that is being answered.
pub(crate) struct InFlight(Rc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get() - 1);
    }
}

/// A stream that notes when bytes arrive.
pub(crate) struct Watched {
    /// The stream itself.
    pub stream: TcpStream,
    /// What its connection is doing.
    pub activity: Rc<Activity>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
