//! The bytes of a file as a stream.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use tokio::task::JoinHandle;

use super::reading::{Near, read_far, read_near, shrank};

/// A part of what is sent.
#[derive(Debug, Clone)]
pub enum Piece {
    /// These bytes.
    Given(Bytes),
    /// A range of the file.
    Of(Range<u64>),
}

/// Reads the pieces one after the other, as they are asked for.
pub struct Chunks {
    file: Arc<File>,
    pieces: VecDeque<Piece>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Chunks {
    pub fn new(file: File, pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self {
            file: Arc::new(file),
            pieces: pieces.into_iter().collect(),
            reading: None,
        }
    }

    /// Bytes of the first piece; nothing where they are on their way.
    fn read(&mut self, range: &Range<u64>) -> io::Result<Option<Bytes>> {
        let count = range.end - range.start;
        match read_near(&self.file, range.start, count)? {
            Near::Read(bytes) => Ok(Some(bytes)),
            Near::Far => {
                self.reading = Some(read_far(&self.file, range.start, count));
                Ok(None)
            }
        }
    }

    /// Takes note of what was read of the first piece.
    fn advance(&mut self, bytes: Bytes) -> io::Result<Bytes> {
        if bytes.is_empty() {
            return Err(shrank());
        }
        if let Some(Piece::Of(range)) = self.pieces.front_mut() {
            range.start += bytes.len() as u64;
            if range.is_empty() {
                self.pieces.pop_front();
            }
        }
        Ok(bytes)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
                return Poll::Ready(Some(read.and_then(|bytes| self.advance(bytes))));
            }
            let range = match self.pieces.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Given(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Some(Piece::Of(range)) => range,
            };
            self.pieces.push_front(Piece::Of(range.clone()));
            match self.read(&range) {
                Ok(None) => {}
                Ok(Some(bytes)) => return Poll::Ready(Some(self.advance(bytes))),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl Stream for Chunks {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        let polled = self.poll(cx);
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            // Nothing may follow a gap.
            self.pieces.clear();
        }
        polled
    }
}
