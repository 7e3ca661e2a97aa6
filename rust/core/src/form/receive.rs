//! A multipart form off the wire: text into memory, files into memory or onto the disk.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;

use super::disposition::base_name;
use super::multipart::{Event, Head, Parser};
use super::upload::Spool;
use super::{Entry, Form, Part, Rules};
use crate::body::Chunks;
use crate::error::Error;

/// Most bytes behind the final boundary, which mean nothing.
const MOST_EPILOGUE: usize = 64 * 1024;

/// Reads the body to its end.
pub(super) async fn receive(
    chunks: &mut Chunks,
    boundary: &str,
    rules: &Rules,
) -> Result<Form, Error> {
    let mut parser = Parser::new(boundary);
    let mut collector = Collector::new(rules);
    while let Some(chunk) = chunks.next().await? {
        parser.push(&chunk);
        while let Some(event) = parser.next().map_err(Error::BadRequest)? {
            collector.take(event).await?;
        }
        if parser.epilogue() > MOST_EPILOGUE {
            let detail = "The multipart body goes on behind its final boundary.";
            return Err(Error::BadRequest(detail));
        }
    }
    if !parser.is_complete() {
        let detail = "The multipart body ends before its final boundary.";
        return Err(Error::BadRequest(detail));
    }
    Ok(collector.form)
}

struct Collector<'a> {
    rules: &'a Rules,
    form: Form,
    current: Current,
    fields: usize,
    files: usize,
    /// Bytes of text so far.
    text: u64,
    /// Bytes that files may still hold in memory.
    memory: usize,
}

enum Current {
    Nothing,
    /// A part that nobody asked for, or a file that nobody chose.
    Skipped,
    Text(String, BytesMut),
    File(Box<(Head, String, Spool)>),
}

impl<'a> Collector<'a> {
    fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            form: Form::default(),
            current: Current::Nothing,
            fields: 0,
            files: 0,
            text: 0,
            memory: rules.max_file_memory,
        }
    }

    async fn take(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::Part(head) if head.disposition.filename.is_some() => self.begin_file(head),
            Event::Part(head) => self.begin_text(head),
            Event::Data(bytes) => self.add(&bytes).await,
            Event::PartEnd => self.end().await,
            Event::End => Ok(()),
        }
    }

    fn begin_text(&mut self, head: Head) -> Result<(), Error> {
        self.fields += 1;
        if let Some(most) = self.rules.max_fields.filter(|most| self.fields > *most) {
            return Err(Error::TooManyFields(most));
        }
        let name = head.disposition.name;
        self.count_text(name.len())?;
        self.current = if self.rules.wants(&name) {
            Current::Text(name, BytesMut::new())
        } else {
            // Its content counts all the same.
            Current::Text(String::new(), BytesMut::new())
        };
        Ok(())
    }

    fn begin_file(&mut self, head: Head) -> Result<(), Error> {
        self.files += 1;
        if let Some(most) = self.rules.max_files.filter(|most| self.files > *most) {
            return Err(Error::TooManyFiles(most));
        }
        let sent = head.disposition.filename.as_deref().unwrap_or_default();
        self.current = match base_name(sent) {
            Some(name) if self.rules.wants(&head.disposition.name) => {
                let limit = self.rules.largest(&head.disposition.name);
                let spool = Spool::new(self.rules.directory.clone(), limit);
                Current::File(Box::new((head, name, spool)))
            }
            _ => Current::Skipped,
        };
        Ok(())
    }

    fn count_text(&mut self, length: usize) -> Result<(), Error> {
        self.text += length as u64;
        match self.rules.max_text {
            Some(most) if self.text > most => Err(Error::FieldsTooLarge(most)),
            _ => Ok(()),
        }
    }

    async fn add(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.current {
            Current::Text(_, text) => {
                text.extend_from_slice(bytes);
                self.count_text(bytes.len())
            }
            Current::File(file) => {
                let written = file.2.write(bytes, &mut self.memory).await;
                written.map_err(Error::NotStored)
            }
            Current::Nothing | Current::Skipped => Ok(()),
        }
    }

    async fn end(&mut self) -> Result<(), Error> {
        let (name, value) = match std::mem::replace(&mut self.current, Current::Nothing) {
            Current::Text(name, text) if self.rules.wants(&name) => {
                (name, Part::Text(text.freeze()))
            }
            Current::Nothing | Current::Skipped | Current::Text(..) => return Ok(()),
            Current::File(file) => {
                let (head, filename, spool) = *file;
                let name = head.disposition.name;
                let upload = spool
                    .finish(name.clone(), filename, head.content_type)
                    .await;
                (
                    name,
                    Part::File(Arc::new(upload.map_err(Error::NotStored)?)),
                )
            }
        };
        self.form.entries.push(Entry { name, value });
        Ok(())
    }
}

/// What a client is told of a disk that is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
