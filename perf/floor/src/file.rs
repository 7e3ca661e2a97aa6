//! A file from disk.

use std::path::Path;

use actix_http::StatusCode;

use crate::replies::{Answer, full};

/// Reads the file and sends it. The thread waits for the read, which is the page cache's here: a
/// hop to another thread would cost more than the copy.
pub fn send(path: &Path) -> Answer {
    let bytes = std::fs::read(path).map_err(|_| StatusCode::NOT_FOUND)?;
    Ok(full("application/octet-stream", bytes))
}
