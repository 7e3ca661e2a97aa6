//! Several ranges in one body: `multipart/byteranges`, RFC 9110 §14.6.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use actix_http::header::HeaderValue;
use bytes::Bytes;

use super::chunks::Piece;
use crate::conditional::range::Parts;

/// A body of several ranges.
pub struct Multipart {
    pub content_type: HeaderValue,
    pub length: u64,
    pub pieces: Vec<Piece>,
}

impl Multipart {
    /// Puts the ranges of a representation together, each with the head that says what it is.
    pub fn new(ranges: Parts, length: u64, content_type: Option<&HeaderValue>) -> Self {
        let boundary = boundary();
        let mut pieces = Vec::with_capacity(ranges.len() * 2 + 1);
        let mut total = 0;
        for (index, range) in ranges.into_iter().enumerate() {
            let head = head(&boundary, index == 0, &range, length, content_type);
            total += head.len() as u64 + range.end - range.start;
            pieces.push(Piece::Given(head));
            pieces.push(Piece::Of(range));
        }
        let end = Bytes::from(format!("\r\n--{boundary}--\r\n"));
        total += end.len() as u64;
        pieces.push(Piece::Given(end));
        let value = format!("multipart/byteranges; boundary={boundary}");
        Self {
            // Letters, digits and what stands above.
            content_type: HeaderValue::try_from(value)
                .unwrap_or_else(|_| HeaderValue::from_static("multipart/byteranges")),
            length: total,
            pieces,
        }
    }
}

/// `Content-Range` of a part.
pub fn content_range(range: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end - 1)
}

fn head(
    boundary: &str,
    is_first: bool,
    range: &Range<u64>,
    length: u64,
    content_type: Option<&HeaderValue>,
) -> Bytes {
    let mut head = Vec::with_capacity(160);
    if !is_first {
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
    if let Some(content_type) = content_type {
        head.extend_from_slice(b"Content-Type: ");
        head.extend_from_slice(content_type.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    let range = content_range(range, length);
    head.extend_from_slice(format!("Content-Range: {range}\r\n\r\n").as_bytes());
    Bytes::from(head)
}

/// What no file holds by chance: the keys of a hash map that nobody else has.
fn boundary() -> String {
    let random = || RandomState::new().hash_one(0);
    format!("{:016x}{:016x}", random(), random())
}
