//! What a generator has produced and the connection has not taken yet.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use pyo3::prelude::*;

/// A generator that has produced so many bytes waits until all of them are taken.
const ENOUGH: usize = 64 * 1024;

/// Between the generator, on whatever thread it runs, and the connection.
#[derive(Default)]
pub struct Channel(Mutex<State>);

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    size: usize,
    /// Set when nothing more will come; `false` where that is because of an error.
    whole: Option<bool>,
    /// Nobody will take anything any more.
    abandoned: bool,
    /// A step of a synchronous generator is under way.
    producing: bool,
    /// The future that an asynchronous generator waits for.
    room: Option<Py<PyAny>>,
    reader: Option<Waker>,
}

/// What the connection finds.
pub enum Found {
    Chunk(Bytes),
    End(io::Result<()>),
    /// Nothing yet. The generator is to go on, with the future that it may wait for.
    Nothing(Option<Py<PyAny>>),
}

impl Channel {
    /// Leaves a chunk to the connection, and says whether the generator should wait.
    pub fn put(&self, chunk: Bytes) -> bool {
        let mut state = self.0.lock();
        if state.abandoned {
            return false;
        }
        state.size += chunk.len();
        state.chunks.push_back(chunk);
        wake(&mut state);
        state.size >= ENOUGH
    }

    /// Says that no chunk will follow.
    pub fn end(&self, whole: bool) {
        let mut state = self.0.lock();
        state.whole.get_or_insert(whole);
        state.producing = false;
        wake(&mut state);
    }

    /// Has the generator wait for a future, unless everything was taken meanwhile.
    pub fn wait_for_room(&self, future: Py<PyAny>) -> bool {
        let mut state = self.0.lock();
        let waits = !state.chunks.is_empty() && !state.abandoned;
        if waits {
            state.room = Some(future);
        }
        waits
    }

    /// Takes what is there.
    pub fn take(&self, cx: &mut Context<'_>) -> Found {
        let mut state = self.0.lock();
        if let Some(chunk) = state.chunks.pop_front() {
            state.size -= chunk.len();
            return Found::Chunk(chunk);
        }
        if let Some(whole) = state.whole {
            let outcome = if whole {
                Ok(())
            } else {
                Err(io::Error::other("the stream failed"))
            };
            return Found::End(outcome);
        }
        state.reader = Some(cx.waker().clone());
        Found::Nothing(state.room.take())
    }

    /// Whether a synchronous generator is to make its next step: not while one is under way.
    pub fn begin_step(&self) -> bool {
        let mut state = self.0.lock();
        let begins = !state.producing && state.whole.is_none() && !state.abandoned;
        state.producing |= begins;
        begins
    }

    pub fn end_step(&self) {
        let mut state = self.0.lock();
        state.producing = false;
        // The connection may have taken everything before this step was over.
        if state.chunks.is_empty() {
            wake(&mut state);
        }
    }

    /// Says that nobody takes anything any more; whether no step is under way that would see it.
    pub fn abandon(&self) -> bool {
        let (forgotten, idle) = {
            let mut state = self.0.lock();
            state.abandoned = true;
            state.size = 0;
            (std::mem::take(&mut state.chunks), !state.producing)
        };
        drop(forgotten);
        idle
    }

    pub fn is_abandoned(&self) -> bool {
        self.0.lock().abandoned
    }

    pub fn has_ended(&self) -> bool {
        self.0.lock().whole.is_some()
    }
}

fn wake(state: &mut State) {
    if let Some(reader) = state.reader.take() {
        reader.wake();
    }
}

/// Where an asynchronous generator's driver leaves what it produced.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct StreamSink {
    channel: std::sync::Arc<Channel>,
    event_loop: Py<PyAny>,
}

impl StreamSink {
    pub fn new(channel: std::sync::Arc<Channel>, event_loop: Py<PyAny>) -> Self {
        Self {
            channel,
            event_loop,
        }
    }
}

#[pymethods]
impl StreamSink {
    /// Leaves a chunk; returns what to wait for before the next, or `None`.
    fn put(&self, py: Python<'_>, chunk: &[u8]) -> PyResult<Option<Py<PyAny>>> {
        if chunk.is_empty() || !self.channel.put(Bytes::copy_from_slice(chunk)) {
            return Ok(None);
        }
        let future = self
            .event_loop
            .call_method0(py, pyo3::intern!(py, "create_future"))?;
        let waits = self.channel.wait_for_room(future.clone_ref(py));
        Ok(waits.then_some(future))
    }
}
