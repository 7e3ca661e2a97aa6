//! Files as replies: opened, checked, and sent in ranges.

mod chunks;
mod deliver;
mod multipart;
mod open;
mod reading;

use std::io;
use std::path::PathBuf;

use bytes::Bytes;

pub(crate) use deliver::{Failure, deliver};

/// A file that a handler gives back: what is opened and checked when it has returned.
#[derive(Debug)]
pub struct FileBody {
    /// Where its bytes are.
    pub content: Content,
    /// Whether the reply gets an `ETag` of ours.
    pub tagged: bool,
}

/// Where the bytes of a file are.
#[derive(Debug)]
pub enum Content {
    /// On disk.
    Path(PathBuf),
    /// Here.
    Memory(Bytes),
}

/// A file that is not sent. It is for the log: a client learns nothing of a path.
#[derive(Debug)]
pub struct Refused {
    /// The file as the handler named it.
    pub path: PathBuf,
    /// Why it is not sent.
    pub reason: Reason,
}

/// Why a file is not sent.
#[derive(Debug)]
pub enum Reason {
    /// There is none.
    Missing,
    /// It is a directory, a pipe, a device or a socket.
    Irregular,
    /// It is not below any directory that files may be sent from.
    Outside,
    /// No file can have this name: it holds a NUL byte.
    Unnameable,
    /// It is there and cannot be read.
    Unreadable(io::Error),
}
