//! The framing of `multipart/form-data`, RFC 7578 and RFC 2046 §5.1: bytes in, events out.
//!
//! The parser does no input or output of its own. What it holds is bounded by [`MOST_HEAD`],
//! whatever it is fed: content leaves it as soon as it cannot be part of a boundary.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::{self, Finder};

use super::disposition::{self, Disposition};

/// Most bytes of one part's headers.
const MOST_HEAD: usize = 16 * 1024;
/// Most bytes before the first boundary, which mean nothing.
const MOST_PREAMBLE: usize = 64 * 1024;
/// Most blanks behind a boundary.
const MOST_PADDING: usize = 64;
/// Longest boundary, RFC 2046 §5.1.1.
const MOST_BOUNDARY: usize = 70;

/// Why a body is not a multipart form.
pub(crate) type Malformed = &'static str;

pub(crate) enum Event {
    /// A part begins.
    Part(Head),
    /// Some of its content.
    Data(Bytes),
    /// It is complete.
    PartEnd,
    /// The final boundary is read; what may follow means nothing.
    End,
}

/// What a part's headers say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub disposition: Disposition,
    pub content_type: Option<String>,
}

pub(crate) struct Parser {
    delimiter: Finder<'static>,
    buffer: BytesMut,
    state: State,
    preamble: usize,
    epilogue: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    Boundary,
    Head,
    Content,
    End,
}

impl Parser {
    pub fn new(boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}");
        Self {
            delimiter: Finder::new(&delimiter).into_owned(),
            // The first boundary may stand at the very beginning.
            buffer: BytesMut::from(&b"\r\n"[..]),
            state: State::Preamble,
            preamble: 0,
            epilogue: 0,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if self.state == State::End {
            self.epilogue += bytes.len();
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next event, or `None` where more bytes are needed for it.
    pub fn next(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            let went_on = match self.state {
                State::Preamble => self.preamble()?,
                State::Boundary => self.boundary()?,
                State::Head => return Ok(self.head()?.map(Event::Part)),
                State::Content => return Ok(self.content()),
                State::End => return Ok(None),
            };
            match (went_on, self.state) {
                (true, State::End) => return Ok(Some(Event::End)),
                (true, _) => {}
                (false, _) => return Ok(None),
            }
        }
    }

    /// Whether the final boundary was read.
    pub fn is_complete(&self) -> bool {
        self.state == State::End
    }

    /// How many bytes stand behind it.
    pub fn epilogue(&self) -> usize {
        self.epilogue
    }

    fn preamble(&mut self) -> Result<bool, Malformed> {
        if let Some(at) = self.delimiter.find(&self.buffer) {
            self.buffer.advance(at + self.delimiter.needle().len());
            self.state = State::Boundary;
            return Ok(true);
        }
        let skipped = self.certain();
        self.preamble += skipped;
        self.buffer.advance(skipped);
        if self.preamble > MOST_PREAMBLE {
            return Err("The multipart body does not begin with its boundary.");
        }
        Ok(false)
    }

    /// What follows a boundary: two hyphens behind the last one, otherwise the end of the line.
    fn boundary(&mut self) -> Result<bool, Malformed> {
        if self.buffer.len() < 2 {
            return Ok(false);
        }
        if self.buffer.starts_with(b"--") {
            self.epilogue = self.buffer.len() - 2;
            self.buffer.clear();
            self.state = State::End;
            return Ok(true);
        }
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let padding = self.buffer.iter().take_while(|byte| blank(byte)).count();
        if padding > MOST_PADDING {
            return Err("The multipart body is malformed behind a boundary.");
        }
        match self.buffer.get(padding..padding + 2) {
            Some(b"\r\n") => {
                self.buffer.advance(padding + 2);
                self.state = State::Head;
                Ok(true)
            }
            Some(_) => Err("The multipart body is malformed behind a boundary."),
            None => Ok(false),
        }
    }

    fn head(&mut self) -> Result<Option<Head>, Malformed> {
        if self.buffer.starts_with(b"\r\n") {
            return Err("A part of the multipart body has no headers.");
        }
        let within = &self.buffer[..self.buffer.len().min(MOST_HEAD + 4)];
        let Some(end) = memmem::find(within, b"\r\n\r\n") else {
            if self.buffer.len() > MOST_HEAD {
                return Err("The headers of a part of the multipart body are too large.");
            }
            return Ok(None);
        };
        let head = read_head(&self.buffer[..end])?;
        // The line's end stays: an empty content is a boundary right behind the headers.
        self.buffer.advance(end + 2);
        self.buffer.advance(2);
        self.state = State::Content;
        Ok(Some(head))
    }

    fn content(&mut self) -> Option<Event> {
        match self.delimiter.find(&self.buffer) {
            Some(0) => {
                self.buffer.advance(self.delimiter.needle().len());
                self.state = State::Boundary;
                Some(Event::PartEnd)
            }
            Some(at) => Some(Event::Data(self.buffer.split_to(at).freeze())),
            None => match self.certain() {
                0 => None,
                certain => Some(Event::Data(self.buffer.split_to(certain).freeze())),
            },
        }
    }

    /// How many bytes cannot be the beginning of a boundary.
    fn certain(&self) -> usize {
        let tail = self.delimiter.needle().len() - 1;
        let from = self.buffer.len().saturating_sub(tail);
        let start = memchr::memchr(b'\r', &self.buffer[from..]);
        start.map_or(self.buffer.len(), |at| from + at)
    }
}

/// The boundary that a `Content-Type` names.
pub(super) fn boundary(content_type: &[u8]) -> Result<String, Malformed> {
    let parameters = disposition::parameters(content_type)?;
    let mut named = parameters
        .into_iter()
        .filter(|(name, _)| name == "boundary");
    let Some((_, boundary)) = named.next() else {
        return Err("The media type multipart/form-data needs a boundary.");
    };
    let allowed =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? *!#$%&^`|~".contains(byte);
    let fits = !boundary.is_empty() && boundary.len() <= MOST_BOUNDARY && !boundary.ends_with(b" ");
    if named.next().is_some() || !fits || !boundary.iter().all(allowed) {
        return Err("The boundary of the multipart body is invalid.");
    }
    String::from_utf8(boundary).map_err(|_| "The boundary of the multipart body is invalid.")
}

fn read_head(lines: &[u8]) -> Result<Head, Malformed> {
    let mut disposition = None;
    let mut content_type = None;
    let mut rest = lines;
    while !rest.is_empty() {
        let end = memmem::find(rest, b"\r\n").unwrap_or(rest.len());
        let line = &rest[..end];
        rest = &rest[(end + 2).min(rest.len())..];
        let (name, value) = split_line(line)?;
        match name.as_str() {
            "content-disposition" => {
                let read = disposition::read(value)?;
                if disposition.replace(read).is_some() {
                    return Err(
                        "A part of the multipart body has two Content-Disposition headers.",
                    );
                }
            }
            "content-type" => {
                content_type = Some(String::from_utf8_lossy(value).into_owned());
            }
            "content-transfer-encoding" => check_transfer_encoding(value)?,
            _ => {}
        }
    }
    let nested = |media_type: &String| media_type.to_ascii_lowercase().starts_with("multipart/");
    if content_type.as_ref().is_some_and(nested) {
        return Err("Multipart bodies within multipart bodies are not supported, RFC 7578 §4.3.");
    }
    Ok(Head {
        disposition: disposition
            .ok_or("A part of the multipart body has no Content-Disposition header.")?,
        content_type,
    })
}

fn split_line(line: &[u8]) -> Result<(String, &[u8]), Malformed> {
    let malformed = "A part of the multipart body has a malformed header.";
    let colon = memchr::memchr(b':', line).ok_or(malformed)?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let text = |byte: &u8| *byte >= b' ' || *byte == b'\t' || *byte == 0;
    if name.is_empty() || !name.iter().all(token) || !value.iter().all(text) {
        return Err(malformed);
    }
    Ok((String::from_utf8_lossy(name).to_ascii_lowercase(), value))
}

/// RFC 7578 §4.7 has done away with encodings.
fn check_transfer_encoding(value: &[u8]) -> Result<(), Malformed> {
    let plain = [&b"7bit"[..], b"8bit", b"binary"];
    if plain.iter().any(|known| value.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err("Content-Transfer-Encoding is not supported in a multipart form, RFC 7578 §4.7.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Parts = Vec<(String, Option<String>, Vec<u8>)>;

    /// Feeds a body in pieces of these lengths, round and round.
    fn parse(body: &[u8], lengths: &[usize]) -> Result<Parts, Malformed> {
        let mut parser = Parser::new("B");
        let mut parts = Parts::new();
        let mut rest = body;
        let mut lengths = lengths.iter().cycle();
        loop {
            while let Some(event) = parser.next()? {
                match event {
                    Event::Part(head) => {
                        let Disposition { name, filename } = head.disposition;
                        parts.push((name, filename, Vec::new()));
                    }
                    Event::Data(bytes) => parts.last_mut().unwrap().2.extend_from_slice(&bytes),
                    Event::PartEnd | Event::End => {}
                }
            }
            if rest.is_empty() {
                break;
            }
            let (piece, more) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
            parser.push(piece);
            rest = more;
        }
        if parser.is_complete() {
            Ok(parts)
        } else {
            Err("incomplete")
        }
    }

    fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, content) in parts {
            body.extend(
                format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").bytes(),
            );
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--B--\r\n");
        body
    }

    #[test]
    fn what_is_read() {
        let contents: [&[u8]; 7] = [
            b"",
            b"x",
            b"\r\n",
            b"\r\n--",
            b"\r\n-B\r\r\n--",
            b"--B",
            b"a\r",
        ];
        for content in contents {
            let body = body(&[("a", content), ("b", b"2")]);
            for length in 1..8 {
                let parts = parse(&body, &[length]).unwrap();
                assert_eq!(parts[0].2, content, "{length}");
                assert_eq!(parts[1].2, b"2");
            }
        }
        let with_preamble = [b"hello\r\n".to_vec(), body(&[("a", b"1")]), b"bye".to_vec()].concat();
        assert_eq!(parse(&with_preamble, &[3]).unwrap().len(), 1);
        assert_eq!(parse(b"--B--", &[1]).unwrap().len(), 0);
    }

    #[test]
    fn what_is_refused() {
        let head = "--B\r\nContent-Disposition: form-data; name=a\r\n";
        let long = format!("{head}X: {}\r\n\r\n\r\n--B--", "x".repeat(1 << 20));
        let twice = format!("{head}Content-Disposition: form-data; name=b\r\n\r\n1\r\n--B--");
        let nested = format!("{head}Content-Type: Multipart/Mixed; boundary=C\r\n\r\n1\r\n--B--");
        let encoded = format!("{head}Content-Transfer-Encoding: base64\r\n\r\n1\r\n--B--");
        let cases = [
            "",
            "--B",
            "--B\r\n",
            "--Bx\r\n",
            "--B\r\n\r\n1\r\n--B--",
            "--B\r\nX: y\r\n\r\n1\r\n--B--",
            "--B\r\nno colon\r\n\r\n1\r\n--B--",
            "--B\r\nContent-Disposition: form-data; name=a\r\n folded\r\n\r\n1\r\n--B--",
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B",
            &long,
            &twice,
            &nested,
            &encoded,
            &"x".repeat(1 << 20),
        ];
        for case in cases {
            for length in [1000, 7] {
                assert!(parse(case.as_bytes(), &[length]).is_err(), "{case:.80}");
            }
        }
    }

    #[test]
    fn boundaries() {
        let cases = [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "multipart/form-data; charset=utf-8; BOUNDARY=\"a b\"",
                Some("a b"),
            ),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"a\u{1}\"", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
        ];
        for (content_type, expected) in cases {
            assert_eq!(
                boundary(content_type.as_bytes()).ok().as_deref(),
                expected,
                "{content_type}"
            );
        }
        assert!(boundary(format!("x/y; boundary={}", "a".repeat(71)).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_form(
            contents in proptest::collection::vec("[\r\nB\\-a]{0,12}", 0..4),
            lengths in proptest::collection::vec(1..9_usize, 1..9),
        ) {
            let parts: Vec<_> = contents.iter().map(|content| ("n", content.as_bytes())).collect();
            let body = body(&parts);
            prop_assert_eq!(parse(&body, &lengths), parse(&body, &[body.len()]));
        }

        #[test]
        fn nothing_breaks_it(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            lengths in proptest::collection::vec(1..9_usize, 1..9),
        ) {
            let body = [b"--B\r\nContent-Disposition: form-data; name=".to_vec(), body].concat();
            prop_assert_eq!(parse(&body, &lengths).is_ok(), parse(&body, &[body.len()]).is_ok());
        }
    }
}
