//! What a generator has produced and the connection has not taken yet.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Waker};

use bytes::Bytes;
use parking_lot::Mutex;

/// A generator that has produced so many bytes waits until all of them are taken.
const ENOUGH: usize = 64 * 1024;

/// What keeping a chunk takes besides its bytes: many small ones would otherwise be many times as
/// large as what they hold.
const EACH: usize = 128;

/// Between the generator, on whatever thread it runs, and the connection. `R` is what a generator
/// waits for that has produced enough.
pub struct Channel<R>(Mutex<State<R>>);

struct State<R> {
    chunks: VecDeque<Bytes>,
    size: usize,
    /// Whether there ever was a chunk.
    began: bool,
    /// Set when nothing more will come; `false` where that is because of an error.
    whole: Option<bool>,
    /// Nobody will take anything any more.
    abandoned: bool,
    /// A step of a synchronous generator is under way.
    producing: bool,
    /// What an asynchronous generator waits for.
    room: Option<R>,
    reader: Option<Waker>,
}

/// What becomes of a generator that has left a chunk.
#[derive(Debug, PartialEq, Eq)]
pub enum Left {
    /// It may go on.
    More,
    /// It waits until everything was taken.
    Enough,
    /// It ends.
    ToNobody,
}

/// What the connection finds.
pub enum Found<R> {
    /// The next bytes.
    Chunk(Bytes),
    /// Nothing more will come; an error cuts the connection.
    End(io::Result<()>),
    /// Nothing yet. The generator is to go on, with what it may wait for.
    Nothing(Option<R>),
}

impl<R> Default for Channel<R> {
    fn default() -> Self {
        Self(Mutex::new(State {
            chunks: VecDeque::new(),
            size: 0,
            began: false,
            whole: None,
            abandoned: false,
            producing: false,
            room: None,
            reader: None,
        }))
    }
}

impl<R> Channel<R> {
    /// Leaves a chunk to the connection, and says how the generator is to go on. An empty one
    /// leaves nothing.
    pub fn put(&self, chunk: Bytes) -> Left {
        let mut state = self.0.lock();
        if state.abandoned {
            return Left::ToNobody;
        }
        if !chunk.is_empty() {
            state.began = true;
            state.size += chunk.len() + EACH;
            state.chunks.push_back(chunk);
            wake(&mut state);
        }
        if state.size >= ENOUGH {
            Left::Enough
        } else {
            Left::More
        }
    }

    /// Says that no chunk will follow.
    pub fn end(&self, whole: bool) {
        let mut state = self.0.lock();
        state.whole.get_or_insert(whole);
        state.producing = false;
        wake(&mut state);
    }

    /// Has the generator wait for `room`, unless everything was taken meanwhile.
    pub fn wait_for_room(&self, room: R) -> bool {
        let mut state = self.0.lock();
        let waits = !state.chunks.is_empty() && !state.abandoned;
        if waits {
            state.room = Some(room);
        }
        waits
    }

    /// Takes what is there.
    pub fn take(&self, cx: &mut Context<'_>) -> Found<R> {
        let mut state = self.0.lock();
        if let Some(chunk) = state.chunks.pop_front() {
            state.size -= chunk.len() + EACH;
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

    /// Ends a step; whether nobody takes anything any more, so that this step is the one that has
    /// to close the generator: see [`Channel::abandon`].
    pub fn end_step(&self) -> bool {
        let mut state = self.0.lock();
        state.producing = false;
        // The connection may have taken everything before this step was over.
        if state.chunks.is_empty() {
            wake(&mut state);
        }
        state.abandoned
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

    /// Whether nobody takes anything any more.
    pub fn is_abandoned(&self) -> bool {
        self.0.lock().abandoned
    }

    /// Whether there ever was a chunk.
    pub fn has_begun(&self) -> bool {
        self.0.lock().began
    }

    /// Whether nothing more will come.
    pub fn has_ended(&self) -> bool {
        self.0.lock().whole.is_some()
    }
}

fn wake<R>(state: &mut State<R>) {
    if let Some(reader) = state.reader.take() {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn taken<R: std::fmt::Debug>(channel: &Channel<R>, wakes: &Arc<Wakes>) -> String {
        let waker = Waker::from(Arc::clone(wakes));
        match channel.take(&mut Context::from_waker(&waker)) {
            Found::Chunk(chunk) => String::from_utf8(chunk.to_vec()).unwrap(),
            Found::End(Ok(())) => "the end".to_owned(),
            Found::End(Err(error)) => error.to_string(),
            Found::Nothing(room) => format!("{room:?}"),
        }
    }

    fn chunk(length: usize) -> Bytes {
        Bytes::from(vec![b'x'; length])
    }

    #[test]
    fn what_was_left_is_taken_in_its_order() {
        let (channel, wakes) = (Channel::<u8>::default(), Arc::<Wakes>::default());
        assert_eq!(taken(&channel, &wakes), "None");
        assert_eq!(channel.put(Bytes::from_static(b"a")), Left::More);
        assert_eq!(channel.put(Bytes::from_static(b"b")), Left::More);
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "once for each wait");
        channel.end(true);
        channel.end(false);
        for found in ["a", "b", "the end", "the end"] {
            assert_eq!(taken(&channel, &wakes), found);
        }
    }

    #[test]
    fn what_came_before_a_failure_is_taken_first() {
        let (channel, wakes) = (Channel::<u8>::default(), Arc::<Wakes>::default());
        channel.put(Bytes::from_static(b"a"));
        channel.end(false);
        channel.end(true);
        assert_eq!(taken(&channel, &wakes), "a");
        assert_eq!(taken(&channel, &wakes), "the stream failed");
        assert!(channel.has_ended());
    }

    #[test]
    fn a_generator_waits_when_it_is_far_ahead() {
        for length in [1, 100, 1000, ENOUGH, 10 * ENOUGH] {
            let (channel, wakes) = (Channel::default(), Arc::<Wakes>::default());
            let mut chunks = 1;
            while channel.put(chunk(length)) == Left::More {
                chunks += 1;
            }
            assert!(chunks * length <= ENOUGH + length);
            assert!(chunks * EACH <= ENOUGH + EACH, "small ones are not free");
            assert!(channel.wait_for_room(7));
            for _ in 0..chunks {
                assert_eq!(taken(&channel, &wakes).len(), length);
            }
            assert_eq!(taken(&channel, &wakes), "Some(7)", "all of it was taken");
            assert_eq!(taken(&channel, &wakes), "None", "it is told once");
            assert!(!channel.wait_for_room(8), "there is nothing to wait for");
            assert_eq!(channel.put(Bytes::from_static(b"a")), Left::More);
        }
    }

    #[test]
    fn an_empty_chunk_is_none() {
        let (channel, wakes) = (Channel::<u8>::default(), Arc::<Wakes>::default());
        assert_eq!(taken(&channel, &wakes), "None");
        for _ in 0..ENOUGH {
            assert_eq!(channel.put(Bytes::new()), Left::More);
        }
        assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
        assert_eq!(taken(&channel, &wakes), "None");
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let channel = Channel::default();
        channel.put(chunk(ENOUGH));
        assert!(channel.abandon(), "no step is under way");
        assert_eq!(channel.put(chunk(1)), Left::ToNobody);
        assert!(!channel.wait_for_room(7));
        assert!(!channel.begin_step());
        assert!(channel.is_abandoned());
    }

    #[test]
    fn exactly_one_side_closes_the_generator() {
        // The client leaves: before, during or after a step.
        let before = Channel::<u8>::default();
        assert!(before.abandon());
        assert!(!before.begin_step());

        let during = Channel::<u8>::default();
        assert!(during.begin_step());
        assert!(!during.begin_step(), "one at a time");
        assert!(!during.abandon(), "the step will see it");
        assert!(during.end_step());

        let after = Channel::<u8>::default();
        assert!(after.begin_step());
        assert!(!after.end_step());
        assert!(after.abandon());
    }

    #[test]
    fn the_end_of_a_step_asks_for_the_next_one() {
        let (channel, wakes) = (Channel::<u8>::default(), Arc::<Wakes>::default());
        assert!(channel.begin_step());
        assert_eq!(taken(&channel, &wakes), "None");
        channel.end_step();
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "nothing was left");
        assert!(channel.begin_step());
        channel.end(true);
        assert!(!channel.begin_step(), "it has ended");
    }
}
