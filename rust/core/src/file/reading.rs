//! Reads of a file that do not hold up the thread.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::task::{JoinHandle, spawn_blocking};

/// Most bytes that are read at once from memory: what the HTTP library takes before it writes.
pub const CHUNK: u64 = 64 << 10;
/// Most bytes that are read at once from the disk, on another thread: the hop is paid for once.
const FAR_CHUNK: u64 = 256 << 10;

/// What a read at once came to.
pub enum Near {
    /// Bytes of the page cache; none at the end of the file.
    Read(Bytes),
    /// They are not in memory.
    Far,
}

/// Reads what the page cache holds, at most [`CHUNK`] bytes.
///
/// # Errors
///
/// Those of the file.
#[cfg(target_os = "linux")]
pub fn read_near(file: &File, at: u64, count: u64) -> io::Result<Near> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    use std::io::IoSliceMut;

    let mut buffer = BytesMut::zeroed(size(count.min(CHUNK)));
    let mut slices = [IoSliceMut::new(&mut buffer)];
    match preadv2(file, &mut slices, at, ReadWriteFlags::NOWAIT) {
        Ok(read) => {
            buffer.truncate(read);
            Ok(Near::Read(buffer.freeze()))
        }
        // Not in memory; or a file system or kernel that cannot tell.
        Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::INTR) => {
            Ok(Near::Far)
        }
        Err(error) => Err(error.into()),
    }
}

/// Elsewhere no kernel says what is in memory.
///
/// # Errors
///
/// None.
#[cfg(not(target_os = "linux"))]
pub fn read_near(_: &File, _: u64, _: u64) -> io::Result<Near> {
    Ok(Near::Far)
}

/// Reads from the disk on another thread.
pub fn read_far(file: &Arc<File>, at: u64, count: u64) -> JoinHandle<io::Result<Bytes>> {
    let file = Arc::clone(file);
    spawn_blocking(move || {
        let mut buffer = BytesMut::zeroed(size(count.min(FAR_CHUNK)));
        let read = file.read_at(&mut buffer, at)?;
        buffer.truncate(read);
        Ok(buffer.freeze())
    })
}

/// What a file says that ends before its length.
pub fn shrank() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the file became shorter while it was sent",
    )
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
