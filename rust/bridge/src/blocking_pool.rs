//! The threads on which blocking code runs.
//!
//! Each has one Python thread state for its whole life, and so one set of Django's database
//! connections. Work stands in one queue. A thread attaches to Python first and takes work then, and
//! goes on without detaching as long as there is some: while Python is busy, waking more threads
//! would only make them wait for it. So one thread at a time is on its way to the queue, the
//! standby; when it finds more work than it can take, it calls the next. A thread that blocks
//! detaches, and the standby is there to go on.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread::{self, Builder, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::prelude::*;

/// A piece of work on a pool thread. It has no result: whoever sends it is told by it.
pub type Job = Box<dyn FnOnce(Python<'_>) + Send>;

/// How long a thread without work stays. Then its connections are closed and it ends.
const IDLE_LIFETIME: Duration = Duration::from_secs(60);

/// As much as Python gives its own threads. It counts nested calls in C (while JSON is decoded, for
/// one) and stops at a depth that fits this, and does not fit the 2 MiB that Rust gives a thread.
const STACK_SIZE: usize = 8 * 1024 * 1024;

pub struct BlockingPool {
    state: Mutex<PoolState>,
    limit: usize,
    thread_ends: Arc<Py<PyAny>>,
}

#[derive(Default)]
struct PoolState {
    queue: VecDeque<Job>,
    /// Threads that sleep. The one that worked last is woken first: its caches are warm.
    asleep: Vec<Sleeper>,
    /// Whether a thread is on its way to the queue.
    standby: bool,
    threads: usize,
    named: usize,
}

struct Sleeper {
    number: usize,
    thread: Thread,
}

impl BlockingPool {
    /// `thread_ends` is called on a thread before it ends.
    pub fn new(limit: usize, thread_ends: Py<PyAny>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            limit,
            thread_ends: Arc::new(thread_ends),
        })
    }

    /// Has a thread do `job`, as soon as one is free.
    pub fn submit(self: &Arc<Self>, job: Job) {
        let mut state = self.state.lock();
        state.queue.push_back(job);
        self.call_standby(&mut state);
        if state.threads == 0 {
            // No thread can be started, and none will come. Who waits for the work hears of it when
            // it is dropped.
            let lost = std::mem::take(&mut state.queue);
            drop(state);
            drop(lost);
        }
    }

    /// Takes work. A thread that comes from sleep, or is new, was the standby until now.
    fn next(self: &Arc<Self>, was_standby: bool) -> Option<Job> {
        let mut state = self.state.lock();
        if was_standby {
            state.standby = false;
        }
        let job = state.queue.pop_front();
        self.call_standby(&mut state);
        job
    }

    /// Sees to it that somebody comes to the queue while there is something in it.
    fn call_standby(self: &Arc<Self>, state: &mut PoolState) {
        if state.queue.is_empty() || state.standby {
            return;
        }
        if let Some(sleeper) = state.asleep.pop() {
            state.standby = true;
            sleeper.thread.unpark();
        } else if state.threads < self.limit {
            match self.spawn(state.named) {
                Ok(()) => {
                    state.standby = true;
                    state.threads += 1;
                    state.named += 1;
                }
                // The system has no thread left. One that works now will come, if there is one.
                Err(_) if state.threads > 0 => {}
                Err(error) => eprintln!("no thread for blocking work can be started: {error}"),
            }
        }
    }

    fn spawn(self: &Arc<Self>, number: usize) -> std::io::Result<()> {
        // An application that is dropped takes its idle threads with it.
        let pool = Arc::downgrade(self);
        let thread_ends = Arc::clone(&self.thread_ends);
        Builder::new()
            .name(format!("bolt-blocking-{number}"))
            .stack_size(STACK_SIZE)
            .spawn(move || {
                Python::attach(|py| {
                    work(py, &pool, number);
                    if let Err(error) = thread_ends.call0(py) {
                        error.write_unraisable(py, None);
                    }
                });
            })
            .map(drop)
    }

    /// Lies down to sleep, unless there is work after all.
    fn lie_down(&self, number: usize) -> bool {
        let mut state = self.state.lock();
        if !state.queue.is_empty() {
            return false;
        }
        let thread = thread::current();
        state.asleep.push(Sleeper { number, thread });
        true
    }

    /// How a sleeper goes on.
    fn look_up(&self, number: usize, is_late: bool) -> Wake {
        let mut state = self.state.lock();
        match state.asleep.iter().position(|one| one.number == number) {
            None => Wake::Called,
            Some(position) if is_late => {
                state.asleep.remove(position);
                state.threads -= 1;
                Wake::Retired
            }
            Some(_) => Wake::NotYet,
        }
    }
}

impl Drop for BlockingPool {
    fn drop(&mut self) {
        for sleeper in &self.state.get_mut().asleep {
            sleeper.thread.unpark();
        }
    }
}

enum Wake {
    Called,
    NotYet,
    Retired,
}

/// The life of a thread: work, until it has been idle for long or its pool is gone.
fn work(py: Python<'_>, pool: &Weak<BlockingPool>, number: usize) {
    let mut is_standby = true;
    loop {
        let Some(alive) = pool.upgrade() else { return };
        if let Some(job) = alive.next(is_standby) {
            // It may be the job that lets go of the application.
            drop(alive);
            perform(py, job);
            is_standby = false;
            continue;
        }
        let asleep = alive.lie_down(number);
        drop(alive);
        is_standby = asleep;
        if asleep && !py.detach(|| sleep(pool, number)) {
            return;
        }
    }
}

/// Does a job. A panic is a fault of this crate: it has been printed, the sender learns of it from
/// what the job dropped, and the thread is still good.
pub fn perform(py: Python<'_>, job: Job) {
    let _ = catch_unwind(AssertUnwindSafe(|| job(py)));
}

/// Sleeps until called; false where nobody called for long, or nobody can any more.
fn sleep(pool: &Weak<BlockingPool>, number: usize) -> bool {
    let since = Instant::now();
    loop {
        thread::park_timeout(IDLE_LIFETIME.saturating_sub(since.elapsed()));
        let Some(alive) = pool.upgrade() else {
            return false;
        };
        match alive.look_up(number, since.elapsed() >= IDLE_LIFETIME) {
            Wake::Called => return true,
            Wake::Retired => return false,
            Wake::NotYet => {}
        }
    }
}
