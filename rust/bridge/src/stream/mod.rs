//! Bodies that generators produce: on the loop, or on a thread that is theirs until they end.

mod first;
mod sink;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bolt_core::error::Error;
use bolt_core::reply::{BodyStream, Chunks, Finish};
use bolt_core::stream::channel::{self, Found, Left};
use bolt_core::stream::heartbeat::Heartbeat;
use bytes::Bytes;
use futures_core::Stream;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator};
use tokio::sync::oneshot;

use self::first::Refusal;
pub use self::first::begin;
pub use self::sink::StreamSink;
use crate::handler::Parts;
use crate::in_process::Caller;
use crate::lease::{Lease, LeaseGuard, RequestScope};
use crate::python;
use crate::reply::{Asked, from_exception};
use crate::task::{Started, Task, is_cancellation};
use crate::worker::Worker;

/// Async generators leave a thread to others when they have not used it for so long: many of them
/// wait most of the time, and there are few threads.
const IDLE_LEASE: Duration = Duration::from_millis(50);

type Channel = channel::Channel<Py<PyAny>>;

/// A generator, and where it runs.
struct Source {
    parts: Arc<Parts>,
    /// An iterator or an async iterator. The task of an async one takes it, so that the collector
    /// sees who holds it.
    items: Mutex<Option<Py<PyAny>>>,
    /// Makes the bytes of an item.
    chunk_of: Py<PyAny>,
    is_async: bool,
    channel: Arc<Channel>,
    context: Py<PyAny>,
    lease: Arc<Lease>,
    /// Where the lease is its own.
    _ends_lease: Option<LeaseGuard>,
    caller: Option<Caller>,
    request: Option<Py<PyAny>>,
    task: Mutex<Option<Py<Task>>>,
    /// What a generator raised before its first item, where the reply waits for that.
    refusal: Mutex<Option<Error>>,
    /// Dropped last, which tells who waits that the generator has ended and the lease too.
    _over: oneshot::Sender<()>,
}

/// The body of a `StreamingResponse`, of `length` bytes where that is known, and what a server waits
/// for before it stops.
///
/// The generator runs in a copy of the request's context, with a lease of its own, since that of the
/// handler ends with the reply's head; or with the request's, where that goes on.
pub fn body_of(
    asked: &Asked<'_>,
    response: &Bound<'_, PyAny>,
    length: Option<u64>,
) -> PyResult<(BodyStream, Finish)> {
    let (parts, py) = (asked.parts, response.py());
    let source = parts.hooks.stream_source.bind(py).call1((response,))?;
    let (items, is_async, chunk_of, ping): (Py<PyAny>, bool, Py<PyAny>, Option<f64>) =
        source.extract()?;
    let own = asked.lease.is_none();
    let lease = asked
        .lease
        .map_or_else(|| lease_of(py, asked, is_async), Arc::clone);
    let context = python::copy_context(py)?;
    let scope = Bound::new(py, RequestScope::new(Arc::clone(&lease)))?;
    python::within_context(&context, || {
        let variable = parts.hooks.thread_sensitive_context.bind(py);
        python::set_context_variable(variable, scope.as_any())
    })??;
    let (over, is_over) = oneshot::channel();
    let source = Source {
        parts: Arc::clone(parts),
        items: Mutex::new(Some(items)),
        chunk_of,
        is_async,
        channel: Arc::default(),
        context: context.unbind(),
        _ends_lease: own.then(|| LeaseGuard(Arc::clone(&lease))),
        lease,
        caller: asked.caller.cloned(),
        request: asked.request.map(|request| request.clone_ref(py)),
        task: Mutex::default(),
        refusal: Mutex::default(),
        _over: over,
    };
    let produced = Produced {
        source: Arc::new(source),
        started: false,
    };
    let chunks: Chunks = match ping {
        Some(seconds) => Box::pin(Heartbeat::new(produced, Duration::from_secs_f64(seconds))),
        None => Box::pin(produced),
    };
    let finish = Finish::begin(|| {
        Box::pin(async {
            let _ = is_over.await; // nothing is ever sent
        })
    });
    Ok((BodyStream { length, chunks }, finish))
}

fn lease_of(py: Python<'_>, asked: &Asked<'_>, is_async: bool) -> Arc<Lease> {
    let (pool, hooks) = (
        Arc::clone(&asked.parts.pool),
        Arc::clone(&asked.parts.hooks),
    );
    let run_blocking = asked.caller.map(|caller| caller.run_blocking(py));
    Lease::of_stream(run_blocking, is_async.then_some(IDLE_LEASE), pool, hooks)
}

/// What the connection polls. Dropped early, it ends the generator.
struct Produced {
    source: Arc<Source>,
    started: bool,
}

impl Stream for Produced {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !std::mem::replace(&mut self.started, true) && self.source.is_async {
            Python::attach(|py| self.source.start(py));
        }
        match self.source.channel.take(cx) {
            Found::Chunk(chunk) => Poll::Ready(Some(Ok(chunk))),
            Found::End(Ok(())) => Poll::Ready(None),
            Found::End(Err(error)) => {
                let refusal = self.source.refusal.lock().take();
                Poll::Ready(Some(Err(refusal.map_or(error, Refusal::wrap))))
            }
            Found::Nothing(room) => {
                if let Some(room) = room {
                    Python::attach(|py| release(room.bind(py)));
                } else if !self.source.is_async && self.source.channel.begin_step() {
                    self.source.step_on_its_thread(Source::step);
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Produced {
    fn drop(&mut self) {
        let idle = self.source.channel.abandon();
        if self.source.channel.has_ended() {
            return;
        }
        if !self.source.is_async {
            if idle {
                self.source.step_on_its_thread(Source::close);
            }
        } else if self.started {
            let task = self.source.task.lock().take();
            Python::attach(|py| {
                if let Some(task) = task
                    && let Err(error) = Task::abandon(task.bind(py))
                {
                    error.write_unraisable(py, None);
                }
            });
        } else if Worker::current().is_ok() {
            // It has made no step, but may hold something all the same, such as a connection.
            Python::attach(|py| self.source.start(py));
        }
    }
}

/// Ends the stream where a step was lost: by a panic, or since no thread could be started.
struct Step {
    channel: Arc<Channel>,
    is_done: bool,
}

impl Step {
    fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.is_done {
            self.channel.end(false);
        }
    }
}

/// Has a generator that waits for room go on.
fn release(room: &Bound<'_, PyAny>) {
    let released = room
        .call_method0("done")
        .and_then(|done| done.is_truthy())
        .and_then(|done| {
            if done {
                return Ok(());
            }
            room.call_method1("set_result", (room.py().None(),))
                .map(drop)
        });
    if let Err(error) = released {
        error.write_unraisable(room.py(), Some(room));
    }
}

impl Source {
    /// Runs an async generator in one task, from its first item to its last.
    fn start(self: &Arc<Self>, py: Python<'_>) {
        let started = Worker::current().and_then(|worker| {
            let context = self.context.bind(py);
            let task = Task::new(&worker, context)?;
            let event_loop = worker.event_loop.clone_ref(py);
            let sink = Bound::new(py, StreamSink::new(Arc::clone(&self.channel), event_loop))?;
            let driver = self.parts.hooks.pump.bind(py);
            let items = self.items.lock().take();
            let started = python::within_context(context, || {
                Task::start(&task, || driver.call1((items, &self.chunk_of, sink)))
            })??;
            Ok((task, started))
        });
        match started {
            Ok((_, Started::Finished(outcome))) => self.conclude(py, outcome.map(drop)),
            Ok((task, Started::Suspended)) => {
                *self.task.lock() = Some(task.clone().unbind());
                let source = Arc::clone(self);
                task.get().when_done(Box::new(move |task, outcome| {
                    let held = source.task.lock().take();
                    drop(held);
                    source.conclude(task.py(), outcome.map(drop));
                }));
            }
            Err(error) => self.conclude(py, Err(error)),
        }
    }

    /// Has the leased thread do a piece of work for a synchronous generator.
    fn step_on_its_thread(self: &Arc<Self>, work: fn(&Self, Python<'_>)) {
        let source = Arc::clone(self);
        let step = Step {
            channel: Arc::clone(&self.channel),
            is_done: false,
        };
        let job = Box::new(move |py: Python<'_>| {
            let context = source.context.bind(py);
            if let Err(error) = python::within_context(context, || work(&source, py)) {
                source.conclude(py, Err(error));
            }
            step.done();
        });
        let failed = Python::attach(|py| {
            let failed = self.lease.run(py, job).err();
            failed.map(|error| self.conclude(py, Err(error)))
        });
        debug_assert!(failed.is_none() || self.channel.has_ended());
    }

    /// Takes items until there is enough for the connection.
    fn step(&self, py: Python<'_>) {
        loop {
            if self.channel.is_abandoned() {
                return self.close(py);
            }
            let left = match self.next_chunk(py) {
                Ok(Some(chunk)) => self.channel.put(chunk),
                Ok(None) => return self.close(py),
                Err(error) => {
                    self.close_items(py);
                    return self.conclude(py, Err(error));
                }
            };
            // In process, the thread that would take it is this one.
            if left == Left::Enough || self.caller.is_some() {
                if self.channel.end_step() {
                    self.close(py);
                }
                return;
            }
        }
    }

    fn items<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let items = self.items.lock();
        items.as_ref().map(|items| items.bind(py).clone())
    }

    fn next_chunk(&self, py: Python<'_>) -> PyResult<Option<Bytes>> {
        let Some(items) = self.items(py) else {
            return Ok(None);
        };
        let Some(item) = items.cast_into::<PyIterator>()?.next().transpose()? else {
            return Ok(None);
        };
        let chunk = self.chunk_of.bind(py).call1((item,))?;
        let bytes = chunk.cast::<PyBytes>()?.as_bytes();
        Ok(Some(Bytes::copy_from_slice(bytes)))
    }

    /// Ends a synchronous generator, early or not: its `finally` blocks run on its thread.
    fn close(&self, py: Python<'_>) {
        self.close_items(py);
        self.conclude(py, Ok(()));
    }

    fn close_items(&self, py: Python<'_>) {
        let Some(items) = self.items(py) else { return };
        let closed = items
            .getattr_opt("close")
            .and_then(|close| close.map(|close| close.call0()).transpose());
        if let Err(error) = closed {
            self.report(py, &error);
        }
    }

    /// The end, whatever it was. A generator that was told to end when its client left has nothing to
    /// say; any other exception is announced and logged.
    fn conclude(&self, py: Python<'_>, outcome: PyResult<()>) {
        let failure = outcome.err().filter(|error| {
            !(self.channel.is_abandoned() && is_cancellation(py, error).unwrap_or(false))
        });
        match &failure {
            Some(error) if self.parts.begins_stream && !self.channel.has_begun() => {
                let request = self
                    .request
                    .as_ref()
                    .map(|request| request.bind(py).clone());
                let caller = self.caller.as_ref();
                let refusal = from_exception(&self.parts, error, request.as_ref(), caller, py);
                *self.refusal.lock() = Some(refusal);
            }
            Some(error) => self.report(py, error),
            None => {}
        }
        self.channel.end(failure.is_none());
    }

    fn report(&self, py: Python<'_>, error: &PyErr) {
        let announce = self.parts.hooks.announce.bind(py);
        let exception = python::exception(py, error);
        if let Err(fault) = announce.call1((exception, &self.request)) {
            fault.write_unraisable(py, Some(announce));
        }
        if let Some(caller) = &self.caller {
            caller.report(py, error);
        }
    }
}
