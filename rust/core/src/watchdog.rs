//! Closes connections whose next request does not arrive in time.
//!
//! The HTTP library times the first head of a connection. Here a later head that comes a byte a
//! minute is timed, and idleness between requests, which costs the library a timer per request.
//! Time is counted in ticks of the accept loop, so that a request costs a few writes to cells.

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

/// Ticks in the shortest time that is watched.
const TICKS: u32 = 4;

/// Closed connections are forgotten at least this often.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// Most bytes that are read of what follows a reply without being a request: several heads, and what
/// was under way of a refused body. The HTTP library would read a refused chunked body to its end.
const MOST_UNASKED: usize = 1 << 20;

/// What connections may take their time for; zero is as long as they like.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// A head whose first bytes have come.
    pub head: Duration,
    /// The next request, or reading on in a reply.
    pub idle: Duration,
}

/// Watches the connections of one server.
pub(crate) struct Watchdog {
    clock: Rc<Cell<u32>>,
    watched: Vec<(Rc<Activity>, AbortHandle)>,
    period: Duration,
    /// Ticks that may pass, `None` for any number.
    head: Option<u32>,
    idle: Option<u32>,
}

impl Watchdog {
    /// Watches with this much patience.
    pub fn new(patience: Patience) -> Self {
        let timed = [patience.head, patience.idle];
        let shortest = timed.into_iter().filter(|time| !time.is_zero()).min();
        let period = shortest
            .map_or(LONGEST_TICK, |time| time / TICKS)
            .clamp(Duration::from_millis(1), LONGEST_TICK);
        Self {
            clock: Rc::default(),
            watched: Vec::new(),
            period,
            head: ticks_of(patience.head, period),
            idle: ticks_of(patience.idle, period),
        }
    }

    /// When to call [`Watchdog::tick`].
    pub fn ticks(&self) -> Interval {
        let mut ticks = interval(self.period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    /// Wraps an accepted stream.
    pub fn wrap(&self, stream: TcpStream) -> Watched {
        let activity = Rc::new(Activity {
            clock: Rc::clone(&self.clock),
            doing: Cell::new(Doing::Nothing),
            in_flight: Cell::new(0),
            unasked: Cell::new(0),
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
        let (head, idle) = (self.head, self.idle);
        self.watched.retain(|(activity, task)| {
            let passed = |since: u32, allowed: Option<u32>| {
                allowed.is_some_and(|allowed| now.wrapping_sub(since) > allowed)
            };
            let answered = activity.in_flight.get() == 0;
            let is_late = match activity.doing.get() {
                Doing::Nothing => false,
                Doing::Sending(since) => answered && passed(since, head),
                Doing::Idling(since) => answered && passed(since, idle),
                Doing::NotReading(since) => passed(since, idle),
            };
            if is_late {
                task.abort();
            }
            !task.is_finished()
        });
    }
}

/// Ticks in a time, rounded up.
fn ticks_of(time: Duration, period: Duration) -> Option<u32> {
    let ticks = time.as_nanos().div_ceil(period.as_nanos());
    (!time.is_zero()).then(|| u32::try_from(ticks).unwrap_or(u32::MAX))
}

/// What a connection is doing.
#[derive(Debug)]
pub(crate) struct Activity {
    clock: Rc<Cell<u32>>,
    doing: Cell<Doing>,
    in_flight: Cell<u32>,
    /// Bytes that came since the last reply, and of which no request has begun.
    unasked: Cell<usize>,
}

/// What a client does, and since which tick.
#[derive(Debug, Clone, Copy)]
enum Doing {
    /// Nothing that is timed here: its first request has not begun, or is being answered.
    Nothing,
    /// It has sent bytes that are not yet a request.
    Sending(u32),
    /// It has its reply.
    Idling(u32),
    /// It leaves a reply unread, so that the system takes no more of it.
    NotReading(u32),
}

impl Activity {
    /// A request is complete up to its body. It is in flight until the result is dropped.
    pub fn begin(self: &Rc<Self>) -> InFlight {
        self.doing.set(Doing::Nothing);
        self.unasked.set(0);
        self.in_flight.set(self.in_flight.get() + 1);
        InFlight(Rc::clone(self))
    }

    fn received(&self, bytes: usize) {
        if self.in_flight.get() > 0 {
            return;
        }
        self.unasked.set(self.unasked.get() + bytes);
        if !matches!(self.doing.get(), Doing::Sending(_)) {
            self.doing.set(Doing::Sending(self.clock.get()));
        }
    }

    /// Whether what arrives is the rest of a body that was refused, or nothing at all.
    fn is_flooded(&self) -> bool {
        self.in_flight.get() == 0 && self.unasked.get() > MOST_UNASKED
    }

    /// A write of a reply was taken by the system, or has to wait for the client to read.
    fn wrote(&self, taken: bool) {
        let now = self.clock.get();
        match self.doing.get() {
            // The head of the next request has begun.
            Doing::Sending(_) => {}
            _ if taken => self.doing.set(Doing::Idling(now)),
            Doing::NotReading(_) => {}
            Doing::Nothing | Doing::Idling(_) => self.doing.set(Doing::NotReading(now)),
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

/// A stream that notes when bytes arrive and leave.
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
        if self.activity.is_flooded() {
            return Poll::Ready(Ok(())); // the end, as far as the HTTP library is concerned
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let received = buffer.filled().len() - before;
        if received > 0 {
            self.activity.received(received);
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
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.activity.wrote(written.is_ready());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
