//! From a path to an open regular file.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::Reason;

/// Opens a file to be sent. Where `roots` are given, it is below one of them, whatever links and
/// `..` lead there; roots are without links themselves.
pub fn open(path: &Path, roots: Option<&[PathBuf]>) -> Result<(File, Metadata), Reason> {
    if path.as_os_str().as_bytes().contains(&0) {
        return Err(Reason::Unnameable);
    }
    match roots {
        None => open_regular(path, OFlags::empty()),
        // A link that takes the file's place meanwhile is not followed.
        Some(roots) => open_regular(&resolve(path, roots)?, OFlags::NOFOLLOW),
    }
}

fn open_regular(path: &Path, further: OFlags) -> Result<(File, Metadata), Reason> {
    // Opening a pipe that nobody writes to would wait for somebody; a terminal would become ours.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | further;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(reason)?;
    let metadata = file.metadata().map_err(reason)?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(Reason::Irregular)
    }
}

/// The path without links, below one of the roots.
fn resolve(path: &Path, roots: &[PathBuf]) -> Result<PathBuf, Reason> {
    let is_inside = |path: &Path| roots.iter().any(|root| path.starts_with(root));
    match fs::canonicalize(path) {
        Ok(resolved) if is_inside(&resolved) => Ok(resolved),
        Ok(_) => Err(Reason::Outside),
        // Nobody is to find out what exists outside: what would be there is refused the same way.
        Err(error) => Err(match nearest(path) {
            Some(nearest) if is_inside(&nearest) => reason(error),
            _ => Reason::Outside,
        }),
    }
}

/// The nearest directory around a path that can be resolved; `None` where it is left again by `..`.
fn nearest(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    for ancestor in absolute.ancestors() {
        if let Ok(resolved) = fs::canonicalize(ancestor) {
            let rest = absolute.strip_prefix(ancestor).ok()?;
            let is_left = rest.components().any(|part| part == Component::ParentDir);
            return (!is_left).then_some(resolved);
        }
    }
    None
}

fn reason(error: io::Error) -> Reason {
    match (error.kind(), Errno::from_io_error(&error)) {
        (ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename, _)
        | (_, Some(Errno::LOOP)) => Reason::Missing,
        // A socket, or a device that nothing is behind.
        (_, Some(Errno::NXIO | Errno::NODEV)) => Reason::Irregular,
        _ => Reason::Unreadable(error),
    }
}
