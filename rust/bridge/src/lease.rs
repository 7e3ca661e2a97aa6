//! A request's lease of one thread for all its blocking work.
//!
//! Everything that one request does with the database happens on one thread, and so on one
//! connection and in one transaction: hooks, `def` handlers, and what Django's async ORM hands
//! to `sync_to_async`. The thread is taken at the first blocking call and given back when the
//! request ends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::blocking_pool::{BlockingPool, Job, perform};
use crate::hooks::Hooks;
use crate::python;

pub struct Lease {
    state: Mutex<LeaseState>,
    pool: Arc<BlockingPool>,
    hooks: Arc<Hooks>,
    /// Whether Django's request signals belong to its edges: not where it continues a request.
    announces: bool,
    /// How long it keeps a thread that has nothing to do, where not until its end.
    patience: Option<Duration>,
}

enum LeaseState {
    Untaken,
    /// Asked for, or held.
    Taken(TakenThread),
    /// The caller's own thread does this request's blocking work (in-process clients).
    Callers(CallersThread),
    Ended,
}

/// What a leased thread has to do yet.
#[derive(Default)]
struct TakenThread {
    jobs: VecDeque<Job>,
    ended: bool,
    /// The thread, while it waits for the next job.
    waiting: Option<Thread>,
}

impl TakenThread {
    fn wake(&mut self) {
        if let Some(thread) = self.waiting.take() {
            thread.unpark();
        }
    }
}

/// A caller's thread, and whether the request has begun there.
struct CallersThread {
    run_blocking: Py<PyAny>,
    began: bool,
}

impl Lease {
    pub fn new(pool: Arc<BlockingPool>, hooks: Arc<Hooks>) -> Arc<Self> {
        Self::with_state(LeaseState::Untaken, pool, hooks)
    }

    /// A lease for what goes on after a reply's head. With `patience`, a thread that was not used for
    /// so long is given back, and another one taken when there is work again.
    pub fn of_stream(
        run_blocking: Option<Py<PyAny>>,
        patience: Option<Duration>,
        pool: Arc<BlockingPool>,
        hooks: Arc<Hooks>,
    ) -> Arc<Self> {
        let state = run_blocking.map_or(LeaseState::Untaken, |run_blocking| {
            LeaseState::Callers(CallersThread {
                run_blocking,
                began: false,
            })
        });
        Arc::new(Self {
            state: Mutex::new(state),
            pool,
            hooks,
            announces: false,
            patience,
        })
    }

    /// A lease whose work goes to `run_blocking`, which executes it elsewhere.
    pub fn of_caller(
        run_blocking: Py<PyAny>,
        pool: Arc<BlockingPool>,
        hooks: Arc<Hooks>,
    ) -> Arc<Self> {
        Self::with_state(
            LeaseState::Callers(CallersThread {
                run_blocking,
                began: false,
            }),
            pool,
            hooks,
        )
    }

    fn with_state(state: LeaseState, pool: Arc<BlockingPool>, hooks: Arc<Hooks>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(state),
            pool,
            hooks,
            announces: true,
            patience: None,
        })
    }

    pub fn is_of(&self, pool: &Arc<BlockingPool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    /// Whether no thread was asked for, and none can be any more but through `scope`, which
    /// nothing refers to but its context and the caller.
    pub fn is_untouched(self: &Arc<Self>, scope: &Bound<'_, RequestScope>) -> bool {
        Arc::strong_count(self) == 2 && python::is_held_by(scope.as_any(), 2) && self.is_untaken()
    }

    pub fn is_untaken(&self) -> bool {
        matches!(*self.state.lock(), LeaseState::Untaken)
    }

    /// Has the leased thread do `job`, after what was given to it before.
    ///
    /// # Errors
    ///
    /// What an in-process client's `run_blocking` raises.
    pub fn run(self: &Arc<Self>, py: Python<'_>, job: Job) -> PyResult<()> {
        let mut state = self.state.lock();
        match &mut *state {
            LeaseState::Untaken => {
                let mut taken = TakenThread::default();
                taken.jobs.push_back(job);
                *state = LeaseState::Taken(taken);
                drop(state);
                let lease = Arc::clone(self);
                self.pool.submit(Box::new(move |py| lease.serve(py)));
            }
            LeaseState::Taken(thread) => {
                thread.jobs.push_back(job);
                thread.wake();
            }
            LeaseState::Callers(thread) => {
                let run_blocking = thread.run_blocking.clone_ref(py);
                // What continues a request begins nothing, and so ends nothing either.
                let begins = self.announces && !std::mem::replace(&mut thread.began, true);
                drop(state);
                if begins {
                    hand_over(py, &run_blocking, self.starts_on_caller())?;
                }
                hand_over(py, &run_blocking, job)?;
            }
            LeaseState::Ended => {
                // A task that outlived its request: its work gets a thread for itself.
                drop(state);
                let own = Self::new(Arc::clone(&self.pool), Arc::clone(&self.hooks));
                own.run(py, job)?;
                own.end();
            }
        }
        Ok(())
    }

    /// The whole lease, on the thread that serves it.
    fn serve(&self, py: Python<'_>) {
        let signals = self.announces && self.hooks.signals_are_wanted(py);
        self.hooks.thread_starts_request(py, false, signals);
        while let Some(job) = self.next_job(py) {
            perform(py, job);
        }
        self.hooks.thread_ends_request(py, false, signals);
    }

    /// Waits for a job; `None` when the request has ended, or has not used the thread for too long.
    fn next_job(&self, py: Python<'_>) -> Option<Job> {
        let until = self.patience.map(|patience| Instant::now() + patience);
        loop {
            let mut state = self.state.lock();
            let LeaseState::Taken(taken) = &mut *state else {
                unreachable!("a lease that a thread serves is taken until that thread ends it");
            };
            if let Some(job) = taken.jobs.pop_front() {
                return Some(job);
            }
            if taken.ended {
                *state = LeaseState::Ended;
                return None;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                *state = LeaseState::Untaken;
                return None;
            }
            taken.waiting = Some(thread::current());
            drop(state);
            py.detach(|| match left {
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            });
        }
    }

    /// Gives the thread back once it has done what it was given.
    pub fn end(&self) {
        let mut state = self.state.lock();
        match &mut *state {
            LeaseState::Taken(thread) => {
                thread.ended = true;
                thread.wake();
            }
            LeaseState::Ended => {}
            LeaseState::Untaken | LeaseState::Callers(_) => {
                let taken = std::mem::replace(&mut *state, LeaseState::Ended);
                drop(state);
                if let LeaseState::Callers(thread) = taken
                    && thread.began
                {
                    self.leave_caller(&thread);
                }
            }
        }
    }

    /// The request's first piece of work on its caller's thread.
    fn starts_on_caller(&self) -> Job {
        let (hooks, announces) = (Arc::clone(&self.hooks), self.announces);
        Box::new(move |py| hooks.thread_starts_request(py, true, announces))
    }

    /// The request's last piece of work on its caller's thread.
    fn leave_caller(&self, thread: &CallersThread) {
        let (hooks, announces) = (Arc::clone(&self.hooks), self.announces);
        let ends: Job = Box::new(move |py| hooks.thread_ends_request(py, true, announces));
        Python::attach(|py| {
            if let Err(error) = hand_over(py, &thread.run_blocking, ends) {
                error.write_unraisable(py, Some(thread.run_blocking.bind(py)));
            }
        });
    }
}

/// A lease that ends with the request: wherever the request is dropped, the thread goes back.
pub struct LeaseGuard(pub Arc<Lease>);

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Gives a job to an in-process client.
fn hand_over(py: Python<'_>, run_blocking: &Py<PyAny>, job: Job) -> PyResult<()> {
    let job = Bound::new(py, BlockingJob(Mutex::new(Some(job))))?;
    run_blocking.call1(py, (job,)).map(drop)
}

/// A job as an in-process client's thread calls it.
#[pyclass(frozen, module = "django_bolt._core")]
struct BlockingJob(Mutex<Option<Job>>);

#[pymethods]
impl BlockingJob {
    fn __call__(&self, py: Python<'_>) {
        let job = self.0.lock().take();
        if let Some(job) = job {
            job(py);
        }
    }
}

/// The request's `asgiref.sync.ThreadSensitiveContext`: what asgiref finds in the context, and
/// asks for the executor of thread-sensitive work.
#[pyclass(frozen, weakref, module = "django_bolt._core")]
pub struct RequestScope {
    lease: Arc<Lease>,
}

impl RequestScope {
    pub fn new(lease: Arc<Lease>) -> Self {
        Self { lease }
    }
}

#[pymethods]
impl RequestScope {
    /// Has the request's leased thread call `function()`. Its exceptions are its own affair.
    fn run(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<()> {
        self.lease.run(
            py,
            Box::new(move |py| {
                if let Err(error) = function.call0(py) {
                    error.write_unraisable(py, Some(function.bind(py)));
                }
            }),
        )
    }

    /// asgiref refuses a context that has been left; a request's falls back to another thread.
    #[getter]
    fn _exited(&self) -> bool {
        false
    }
}
