//! One uploaded file: in memory while it is small, then in a temporary file.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tempfile::{NamedTempFile, TempPath};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

/// How much is written at once. Two such pieces are in memory: one is written, one comes in.
const BATCH: usize = 256 * 1024;

/// An uploaded file.
#[derive(Debug)]
pub struct Upload {
    /// Name of the form's field.
    pub field_name: String,
    /// The name that the client has for it, without any path.
    pub filename: String,
    /// Its part's `Content-Type`, which its client claims.
    pub content_type: Option<String>,
    /// In bytes.
    pub size: u64,
    /// Set where it was larger than this many bytes, and so was not kept.
    pub refused: Option<u64>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    Disk {
        /// `None` only while it is dropped.
        file: Option<File>,
        /// The file's name, until the end of the request.
        path: Mutex<Option<TempPath>>,
    },
}

impl Upload {
    /// The content, where it is in memory.
    #[must_use]
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Memory(bytes) => Some(bytes),
            Content::Disk { .. } => None,
        }
    }

    /// The temporary file's path, where there is one and the request has not ended.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &self.content {
            Content::Memory(_) => None,
            Content::Disk { path, .. } => path.lock().as_ref().map(|path| path.to_path_buf()),
        }
    }

    /// At most `size` bytes from `offset`; fewer only at the end.
    ///
    /// # Errors
    ///
    /// Where the temporary file cannot be read.
    pub fn read_at(&self, offset: u64, size: usize) -> io::Result<Bytes> {
        let left = self.size.saturating_sub(offset);
        let size = size.min(usize::try_from(left).unwrap_or(usize::MAX));
        match &self.content {
            Content::Memory(bytes) => {
                let start = usize::try_from(offset)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                Ok(bytes.slice(start..start + size))
            }
            Content::Disk { file, .. } => {
                let mut bytes = vec![0; size];
                match file {
                    Some(file) => file.read_exact_at(&mut bytes, offset)?,
                    None => return Err(io::ErrorKind::NotFound.into()),
                }
                Ok(bytes.into())
            }
        }
    }

    /// Takes the file's name away. Whoever still holds the upload can read it.
    pub(crate) fn release(&self) {
        if let Content::Disk { path, .. } = &self.content {
            drop(path.lock().take());
        }
    }
}

/// Equal is what is the same file.
impl PartialEq for Upload {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Drop for Upload {
    /// Freeing the blocks of a large file takes time, which is not the worker's.
    fn drop(&mut self) {
        self.release();
        if let Content::Disk { file, .. } = &mut self.content
            && let Some(file) = file.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(file));
        }
    }
}

/// An upload under way.
pub(super) struct Spool {
    directory: Option<PathBuf>,
    /// Most bytes of this one.
    limit: Option<u64>,
    size: u64,
    refused: bool,
    state: Stage,
}

enum Stage {
    Memory(BytesMut),
    Disk(Writer),
}

impl Spool {
    pub fn new(directory: Option<PathBuf>, limit: Option<u64>) -> Self {
        Self {
            directory,
            limit,
            size: 0,
            refused: false,
            state: Stage::Memory(BytesMut::new()),
        }
    }

    /// Adds some content; `memory` is what is left for all files of the request.
    pub async fn write(&mut self, bytes: &[u8], memory: &mut usize) -> io::Result<()> {
        self.size += bytes.len() as u64;
        if self.refused {
            return Ok(());
        }
        if self.limit.is_some_and(|limit| self.size > limit) {
            self.refused = true;
            if let Stage::Memory(held) = &self.state {
                *memory += held.len();
            }
            self.state = Stage::Memory(BytesMut::new());
            return Ok(());
        }
        if let Stage::Memory(held) = &mut self.state {
            if bytes.len() <= *memory {
                *memory -= bytes.len();
                held.extend_from_slice(bytes);
                return Ok(());
            }
            *memory += held.len();
            let batch = std::mem::take(held);
            self.state = Stage::Disk(Writer::new(self.directory.clone(), batch));
        }
        match &mut self.state {
            Stage::Disk(writer) => writer.write(bytes).await,
            Stage::Memory(_) => Ok(()),
        }
    }

    /// The finished upload.
    pub async fn finish(
        self,
        field_name: String,
        filename: String,
        content_type: Option<String>,
    ) -> io::Result<Upload> {
        let content = match self.state {
            Stage::Memory(held) => Content::Memory(held.freeze()),
            Stage::Disk(writer) => {
                let (file, path) = writer.finish().await?.into_parts();
                Content::Disk {
                    file: Some(file),
                    path: Mutex::new(Some(path)),
                }
            }
        };
        Ok(Upload {
            field_name,
            filename,
            content_type,
            size: self.size,
            refused: self.limit.filter(|_| self.refused),
            content,
        })
    }
}

/// Writes on a thread that may block. A file that is under way is deleted where this is dropped.
struct Writer {
    pending: JoinHandle<io::Result<NamedTempFile>>,
    batch: BytesMut,
}

impl Writer {
    fn new(directory: Option<PathBuf>, batch: BytesMut) -> Self {
        let create = move || {
            let mut builder = tempfile::Builder::new();
            builder.prefix("bolt-").suffix(".upload");
            match directory {
                Some(directory) => builder.tempfile_in(directory),
                None => builder.tempfile(),
            }
        };
        Self {
            pending: spawn_blocking(create),
            batch,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.batch.extend_from_slice(bytes);
        if self.batch.len() >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }

    /// Waits for what is being written, and hands over what came meanwhile.
    async fn flush(&mut self) -> io::Result<()> {
        let mut file = (&mut self.pending).await.map_err(io::Error::other)??;
        let batch = std::mem::take(&mut self.batch);
        self.pending = spawn_blocking(move || {
            file.write_all(&batch)?;
            Ok(file)
        });
        Ok(())
    }

    async fn finish(mut self) -> io::Result<NamedTempFile> {
        self.flush().await?;
        self.pending.await.map_err(io::Error::other)?
    }
}
