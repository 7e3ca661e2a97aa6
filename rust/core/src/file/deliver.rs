//! From a file that a handler gave back to the reply that is sent.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix_http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED, RANGE,
};
use actix_http::{Method, StatusCode};
use bytes::{Bytes, BytesMut};

use super::chunks::{Chunks, Piece};
use super::multipart::{Multipart, content_range};
use super::open::open;
use super::reading::{CHUNK, Near, read_far, read_near, shrank};
use super::{Content, FileBody, Reason, Refused};
use crate::conditional::http_date;
use crate::conditional::preconditions::{Verdict, evaluate, if_range, is_read};
use crate::conditional::range::{Parts, Selection, select};
use crate::conditional::reply::{header, not_modified, tag_of, validators};
use crate::error::Error;
use crate::reply::{Body, BodyStream, Reply};
use crate::request::Request;

/// A file that was changed more recently than this may change again without that its times show
/// it: the clocks of some file systems tick every two seconds.
const YOUNG: Duration = Duration::from_secs(2);

/// Why there is no reply.
pub enum Failure {
    /// The file is not to be sent.
    Refused(Refused),
    /// The client asks for what there is not.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What is known of a file that can be sent.
struct Representation {
    data: Data,
    length: u64,
    tag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

enum Data {
    Disk(File, PathBuf),
    Memory(Bytes),
}

/// Puts a file into its reply: its validators, what the preconditions ask for, its bytes.
pub async fn deliver(
    request: &Request,
    mut reply: Reply,
    file: FileBody,
    roots: Option<&[PathBuf]>,
) -> Result<Reply, Failure> {
    let now = SystemTime::now();
    let is_read = is_read(request.method()) && reply.status == StatusCode::OK;
    let mut representation = represent(file, roots, now, is_read)?;
    let mut selection = Selection::Whole;
    if is_read {
        let tag = representation.tag.take();
        let modified = representation.modified.take();
        add(&mut reply, ETAG, tag);
        add(&mut reply, LAST_MODIFIED, modified);
        let bytes = HeaderValue::from_static("bytes");
        add(&mut reply, ACCEPT_RANGES, Some(bytes));
        match evaluate(request.method(), request.headers(), &validators(&reply)) {
            Verdict::NotModified => return Ok(not_modified(reply)),
            Verdict::Failed => return Err(Error::PreconditionFailed.into()),
            Verdict::Proceed => selection = selected(request, &reply, representation.length, now),
        }
    }
    let parts = match selection {
        Selection::Unsatisfiable => {
            return Err(Error::RangeNotSatisfiable(representation.length).into());
        }
        Selection::Whole => None,
        Selection::Parts(parts) => Some(parts),
    };
    let is_head = *request.method() == Method::HEAD;
    fill(reply, representation, parts, is_head).await
}

/// Adds a header of ours where the author has set none.
fn add(reply: &mut Reply, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value.filter(|_| header(reply, &name).is_none()) {
        reply.headers.push((name, value));
    }
}

/// The ranges that a request asks for; only `GET` has them, RFC 9110 §14.2.
fn selected(request: &Request, reply: &Reply, length: u64, now: SystemTime) -> Selection {
    let headers = request.headers();
    let mut ranges = headers.get_all(RANGE);
    let (Some(range), None) = (ranges.next(), ranges.next()) else {
        return Selection::Whole;
    };
    let now = http_date::seconds(now).unwrap_or_default();
    if *request.method() != Method::GET || !if_range(headers, &validators(reply), now) {
        return Selection::Whole;
    }
    select(range.as_bytes(), length)
}

fn represent(
    file: FileBody,
    roots: Option<&[PathBuf]>,
    now: SystemTime,
    is_read: bool,
) -> Result<Representation, Failure> {
    let is_tagged = file.tagged && is_read;
    match file.content {
        Content::Memory(bytes) => Ok(Representation {
            length: bytes.len() as u64,
            tag: is_tagged.then(|| tag_of(&bytes, false)),
            modified: None,
            data: Data::Memory(bytes),
        }),
        Content::Path(path) => match open(&path, roots) {
            Ok((file, metadata)) => Ok(Representation {
                length: metadata.len(),
                tag: is_tagged.then(|| file_tag(&metadata, now)),
                modified: last_modified(&metadata, now),
                data: Data::Disk(file, path),
            }),
            Err(reason) => Err(Failure::Refused(Refused { path, reason })),
        },
    }
}

/// A tag of the file's identity, size and time of change, which it hides.
fn file_tag(metadata: &Metadata, now: SystemTime) -> HeaderValue {
    let mut facts = [0; 40];
    let fields = [
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime().cast_unsigned(),
        metadata.mtime_nsec().cast_unsigned(),
    ];
    for (place, field) in facts.chunks_exact_mut(8).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    let age = metadata.modified().ok();
    let age = age.and_then(|modified| now.duration_since(modified).ok());
    tag_of(&facts, age.is_none_or(|age| age < YOUNG))
}

/// `Last-Modified`, which is never later than the reply, RFC 9110 §8.8.2.1.
fn last_modified(metadata: &Metadata, now: SystemTime) -> Option<HeaderValue> {
    let modified = http_date::seconds(metadata.modified().ok()?)?;
    http_date::format(modified.min(http_date::seconds(now)?))
}

/// Puts the bytes into the reply: all of them, one range or several.
async fn fill(
    mut reply: Reply,
    representation: Representation,
    parts: Option<Parts>,
    is_head: bool,
) -> Result<Reply, Failure> {
    let length = representation.length;
    let (pieces, total) = match parts {
        None => (vec![Piece::Of(0..length)], length),
        Some(parts) => {
            reply.status = StatusCode::PARTIAL_CONTENT;
            if let [range] = parts.as_slice() {
                let value = HeaderValue::try_from(content_range(range, length));
                add(&mut reply, CONTENT_RANGE, value.ok());
                let total = range.end - range.start;
                (vec![Piece::Of(range.clone())], total)
            } else {
                let multipart = Multipart::new(parts, length, reply.content_type.as_ref());
                reply.content_type = Some(multipart.content_type);
                (multipart.pieces, multipart.length)
            }
        }
    };
    reply.body = if is_head {
        Body::Omitted(total)
    } else {
        match representation.data {
            Data::Memory(bytes) => Body::Full(gather(&bytes, &pieces)),
            Data::Disk(file, path) if total <= CHUNK => {
                let file = Arc::new(file);
                let read = read_all(&file, &pieces).await;
                let refused = |error| Refused {
                    path,
                    reason: Reason::Unreadable(error),
                };
                Body::Full(read.map_err(|error| Failure::Refused(refused(error)))?)
            }
            Data::Disk(file, _) => Body::Stream(BodyStream {
                length: Some(total),
                chunks: Box::pin(Chunks::new(file, pieces)),
            }),
        }
    };
    Ok(reply)
}

/// The pieces of bytes that are all there.
fn gather(bytes: &Bytes, pieces: &[Piece]) -> Bytes {
    let slice = |piece: &Piece| match piece {
        Piece::Given(given) => given.clone(),
        // What is in memory fits an address.
        Piece::Of(range) => bytes.slice(index(range.start)..index(range.end)),
    };
    if let [piece] = pieces {
        return slice(piece);
    }
    let mut gathered = BytesMut::new();
    for piece in pieces {
        gathered.extend_from_slice(&slice(piece));
    }
    gathered.freeze()
}

fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// All bytes of pieces that are few.
async fn read_all(file: &Arc<File>, pieces: &[Piece]) -> io::Result<Bytes> {
    if let [Piece::Of(range)] = pieces {
        return read_range(file, range).await;
    }
    let mut gathered = BytesMut::new();
    for piece in pieces {
        match piece {
            Piece::Given(given) => gathered.extend_from_slice(given),
            Piece::Of(range) => gathered.extend_from_slice(&read_range(file, range).await?),
        }
    }
    Ok(gathered.freeze())
}

async fn read_range(file: &Arc<File>, range: &Range<u64>) -> io::Result<Bytes> {
    let mut gathered = BytesMut::new();
    let mut at = range.start;
    while at < range.end {
        let count = range.end - at;
        let bytes = match read_near(file, at, count)? {
            Near::Read(bytes) => bytes,
            Near::Far => read_far(file, at, count)
                .await
                .map_err(io::Error::other)??,
        };
        if bytes.is_empty() {
            return Err(shrank());
        }
        at += bytes.len() as u64;
        if gathered.is_empty() && at == range.end {
            // As a rule, one read is all of it.
            return Ok(bytes);
        }
        gathered.extend_from_slice(&bytes);
    }
    Ok(gathered.freeze())
}
