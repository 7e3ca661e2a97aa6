//! The threads on which blocking code runs.
//!
//! Each has one Python thread state for its whole life, and so one set of Django's database
//! connections. A request leases at most one of them, see [`crate::lease`].

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::Builder;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;

/// A piece of work on a pool thread. It has no result: whoever sends it is told by it.
pub type Job = Box<dyn FnOnce(Python<'_>) + Send>;

/// Who is told that a thread is free: the lease that waited longest.
pub type Grant = Box<dyn FnOnce(PoolThread) + Send>;

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
    /// The most recently used comes last, and is used first: its caches are warm.
    idle: Vec<PoolThread>,
    threads: usize,
    named: usize,
    waiting: VecDeque<Grant>,
}

/// One thread of the pool; whoever holds this is the only one that gives it work.
pub struct PoolThread {
    jobs: Sender<Job>,
    number: usize,
}

impl PoolThread {
    pub fn run(&self, job: Job) {
        // The receiver lives as long as the thread does, which ends only while it is idle.
        let _ = self.jobs.send(job);
    }
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

    /// Gives `grant` a thread: at once, or as soon as one is free.
    pub fn take(self: &Arc<Self>, grant: Grant) {
        let mut state = self.state.lock();
        let thread = match state.idle.pop() {
            Some(thread) => thread,
            None if state.threads < self.limit => match self.spawn(&mut state) {
                Ok(thread) => thread,
                // The system has no thread left: what runs now will free one.
                Err(_) if state.threads > 0 => return state.waiting.push_back(grant),
                Err(error) => panic!("no thread for blocking work can be started: {error}"),
            },
            None => return state.waiting.push_back(grant),
        };
        drop(state);
        grant(thread);
    }

    /// Takes a thread back.
    pub fn give_back(&self, thread: PoolThread) {
        let mut state = self.state.lock();
        match state.waiting.pop_front() {
            Some(grant) => {
                drop(state);
                grant(thread);
            }
            None => state.idle.push(thread),
        }
    }

    fn spawn(self: &Arc<Self>, state: &mut PoolState) -> std::io::Result<PoolThread> {
        let (jobs, received) = channel();
        // Only its thread receives; the lock is for the compiler, which cannot know that.
        let received = Mutex::new(received);
        let number = state.named;
        // An application that is dropped takes its idle threads with it.
        let pool = Arc::downgrade(self);
        let thread_ends = Arc::clone(&self.thread_ends);
        Builder::new()
            .name(format!("bolt-blocking-{number}"))
            .stack_size(STACK_SIZE)
            .spawn(move || Python::attach(|py| work(py, &pool, number, &received, &thread_ends)))?;
        state.threads += 1;
        state.named += 1;
        Ok(PoolThread { jobs, number })
    }

    /// Takes an idle thread out of the pool; false where it has just been leased.
    fn retire(&self, number: usize) -> bool {
        let mut state = self.state.lock();
        let Some(position) = state.idle.iter().position(|idle| idle.number == number) else {
            return false;
        };
        let retired = state.idle.remove(position);
        state.threads -= 1;
        drop(state);
        drop(retired);
        true
    }
}

/// The life of a thread: jobs, until it has been idle for long or its pool is gone.
fn work(
    py: Python<'_>,
    pool: &Weak<BlockingPool>,
    number: usize,
    jobs: &Mutex<Receiver<Job>>,
    thread_ends: &Py<PyAny>,
) {
    loop {
        let received = py.detach(|| jobs.lock().recv_timeout(IDLE_LIFETIME));
        match received {
            Ok(job) => {
                // A panic is a fault of this crate. It has been printed, the sender of the job
                // learns of it from its dropped channel, and the thread is still good.
                let _ = catch_unwind(AssertUnwindSafe(|| job(py)));
            }
            Err(RecvTimeoutError::Timeout) => {
                if pool.upgrade().is_none_or(|pool| pool.retire(number)) {
                    break;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Err(error) = thread_ends.call0(py) {
        error.write_unraisable(py, None);
    }
}
