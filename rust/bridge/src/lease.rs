//! A request's lease of one thread for all its blocking work.
//!
//! Everything that one request does with the database happens on one thread, and so on one
//! connection and in one transaction: hooks, `def` handlers, and what Django's async ORM hands
//! to `sync_to_async`. The thread is taken at the first blocking call and given back when the
//! request ends.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::blocking_pool::{BlockingPool, Job, PoolThread};
use crate::hooks::Hooks;
use crate::python;

pub struct Lease {
    state: Mutex<LeaseState>,
    pool: Arc<BlockingPool>,
    hooks: Arc<Hooks>,
}

enum LeaseState {
    Untaken,
    /// Asked for; the jobs so far, and whether the request has ended meanwhile.
    Waiting {
        jobs: Vec<Job>,
        ended: bool,
    },
    Held(PoolThread),
    /// The caller's own thread does this request's blocking work (in-process clients).
    Callers(CallersThread),
    Ended,
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
        })
    }

    pub fn is_of(&self, pool: &Arc<BlockingPool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    /// Whether no thread was asked for, and none can be any more but through `scope`, which
    /// nothing refers to but its context and the caller.
    pub fn is_untouched(self: &Arc<Self>, scope: &Bound<'_, RequestScope>) -> bool {
        Arc::strong_count(self) == 2
            && python::is_held_by(scope.as_any(), 2)
            && matches!(*self.state.lock(), LeaseState::Untaken)
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
                *state = LeaseState::Waiting {
                    jobs: vec![job],
                    ended: false,
                };
                drop(state);
                self.take_thread();
            }
            LeaseState::Waiting { jobs, .. } => jobs.push(job),
            LeaseState::Held(thread) => thread.run(job),
            LeaseState::Callers(thread) => {
                let run_blocking = thread.run_blocking.clone_ref(py);
                let begins = !std::mem::replace(&mut thread.began, true);
                drop(state);
                if begins {
                    hand_over(py, &run_blocking, self.starts(true))?;
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

    /// Gives the thread back once it has done what it was given.
    pub fn end(&self) {
        let mut state = self.state.lock();
        match &mut *state {
            LeaseState::Waiting { ended, .. } => *ended = true,
            LeaseState::Ended => {}
            LeaseState::Untaken | LeaseState::Held(_) | LeaseState::Callers(_) => {
                let taken = std::mem::replace(&mut *state, LeaseState::Ended);
                drop(state);
                match taken {
                    LeaseState::Held(thread) => self.return_thread(thread),
                    LeaseState::Callers(thread) if thread.began => self.leave_caller(&thread),
                    _ => {}
                }
            }
        }
    }

    /// The request's last piece of work on its caller's thread.
    fn leave_caller(&self, thread: &CallersThread) {
        let hooks = Arc::clone(&self.hooks);
        let ends: Job = Box::new(move |py| hooks.at_edge(py, &hooks.thread_ends_request, true));
        Python::attach(|py| {
            if let Err(error) = hand_over(py, &thread.run_blocking, ends) {
                error.write_unraisable(py, Some(thread.run_blocking.bind(py)));
            }
        });
    }

    /// The request's first piece of work on its thread.
    fn starts(&self, in_process: bool) -> Job {
        let hooks = Arc::clone(&self.hooks);
        Box::new(move |py| hooks.at_edge(py, &hooks.thread_starts_request, in_process))
    }

    fn take_thread(self: &Arc<Self>) {
        let lease = Arc::clone(self);
        self.pool
            .take(Box::new(move |thread| lease.granted(thread)));
    }

    fn granted(&self, thread: PoolThread) {
        thread.run(self.starts(false));
        let mut state = self.state.lock();
        let LeaseState::Waiting { jobs, ended } = std::mem::replace(&mut *state, LeaseState::Ended)
        else {
            unreachable!("a thread is granted only to a lease that waits for one");
        };
        for job in jobs {
            thread.run(job);
        }
        if ended {
            self.return_thread(thread);
        } else {
            *state = LeaseState::Held(thread);
        }
    }

    fn return_thread(&self, thread: PoolThread) {
        let hooks = Arc::clone(&self.hooks);
        let pool = Arc::clone(&self.pool);
        let (handed_over, own) = std::sync::mpsc::channel::<PoolThread>();
        // The thread gives itself back, after the work that stands before this in its queue.
        let last = Box::new(move |py: Python<'_>| {
            hooks.at_edge(py, &hooks.thread_ends_request, false);
            if let Ok(thread) = own.recv() {
                py.detach(|| pool.give_back(thread));
            }
        });
        thread.run(last);
        let _ = handed_over.send(thread);
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
