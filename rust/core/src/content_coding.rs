//! Content codings of request bodies, RFC 9110 §8.4.

use std::io::{self, Read};

use actix_http::header::CONTENT_ENCODING;
use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use crate::error::Error;
use crate::request::Request;

/// Most characters of a refused coding that the reply repeats.
const MOST_ECHOED: usize = 100;

/// A coding that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// The zlib format, RFC 9110 §8.4.1.2.
    Deflate,
}

impl Coding {
    /// The coding of a request's body; `None` where it is as it is. Any other than those that are
    /// undone here is refused, and all of them unless the service `inflates`.
    pub fn of(request: &Request, inflates: bool) -> Result<Option<Self>, Error> {
        let mut codings = Vec::new();
        for value in request.headers().get_all(CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let named = text.split(',').map(str::trim);
            let named =
                named.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
            codings.extend(named.map(str::to_ascii_lowercase));
        }
        match codings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Ok(None),
            ["gzip" | "x-gzip"] if inflates => Ok(Some(Self::Gzip)),
            ["deflate"] if inflates => Ok(Some(Self::Deflate)),
            _ => Err(Error::UnsupportedCoding {
                coding: codings.join(", ").chars().take(MOST_ECHOED).collect(),
                accepted: if inflates {
                    "gzip, deflate"
                } else {
                    "identity"
                },
            }),
        }
    }

    /// Undoes the coding, and stops as soon as there are more bytes than the limit.
    pub fn decode(self, body: &[u8], limit: Option<u64>) -> Result<Bytes, Error> {
        let decoded = match self {
            Self::Gzip => collect(MultiGzDecoder::new(body), limit),
            Self::Deflate => collect(ZlibDecoder::new(body), limit),
        };
        let decoded = decoded.map_err(|_| {
            Error::BadRequest("The request body is not in the coding that it claims.")
        })?;
        match limit {
            Some(limit) if decoded.len() as u64 > limit => Err(Error::PayloadTooLarge(limit)),
            _ => Ok(decoded.into()),
        }
    }
}

fn collect(decoder: impl Read, limit: Option<u64>) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    let most = limit.map_or(u64::MAX, |limit| limit.saturating_add(1));
    decoder.take(most).read_to_end(&mut decoded)?;
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use actix_http::header::HeaderValue;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn of(values: &[&'static str], inflates: bool) -> String {
        let mut request = actix_http::Request::new();
        for value in values {
            let headers = &mut request.head_mut().headers;
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        match Coding::of(&Request::new(request), inflates) {
            Ok(coding) => format!("{coding:?}"),
            Err(Error::UnsupportedCoding { coding, accepted }) => format!("{coding} | {accepted}"),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn which_codings_are_undone() {
        let cases: [(&[&str], _, _); 8] = [
            (&[], "None", "None"),
            (&["identity", ""], "None", "None"),
            (&["gzip"], "gzip | identity", "Some(Gzip)"),
            (&["X-GZip"], "x-gzip | identity", "Some(Gzip)"),
            (
                &[" deflate , identity"],
                "deflate | identity",
                "Some(Deflate)",
            ),
            (&["br"], "br | identity", "br | gzip, deflate"),
            (
                &["gzip, gzip"],
                "gzip, gzip | identity",
                "gzip, gzip | gzip, deflate",
            ),
            (
                &["gzip", "deflate"],
                "gzip, deflate | identity",
                "gzip, deflate | gzip, deflate",
            ),
        ];
        for (values, off, on) in cases {
            assert_eq!(of(values, false), off);
            assert_eq!(of(values, true), on);
        }
    }

    #[test]
    fn broken_bodies_are_refused() {
        let whole = gzip(b"some text that is long enough");
        let cases = [
            (Coding::Gzip, b"plain".to_vec()),
            (Coding::Gzip, whole[..whole.len() - 3].to_vec()),
            (Coding::Gzip, [whole.clone(), b"rest".to_vec()].concat()),
            (Coding::Deflate, whole.clone()),
            (Coding::Deflate, zlib(b"some text")[..6].to_vec()),
        ];
        for (coding, body) in cases {
            let refused = coding.decode(&body, Some(1000));
            assert!(matches!(refused, Err(Error::BadRequest(_))), "{refused:?}");
        }
        // Two members after each other are one body, RFC 1952 §2.2.
        let twice = [gzip(b"a"), gzip(b"b")].concat();
        assert_eq!(Coding::Gzip.decode(&twice, None).unwrap(), "ab");
    }

    #[test]
    fn the_limit_holds_for_what_comes_out() {
        let text = vec![b'x'; 1 << 20];
        for (coding, body) in [(Coding::Gzip, gzip(&text)), (Coding::Deflate, zlib(&text))] {
            assert!(body.len() < 10_000);
            let refused = coding.decode(&body, Some(10_000));
            assert!(matches!(refused, Err(Error::PayloadTooLarge(10_000))));
            assert_eq!(coding.decode(&body, Some(1 << 20)).unwrap().len(), 1 << 20);
        }
    }

    proptest! {
        #[test]
        fn what_was_coded_is_undone(text: Vec<u8>) {
            prop_assert_eq!(&Coding::Gzip.decode(&gzip(&text), None).unwrap()[..], &text[..]);
            prop_assert_eq!(&Coding::Deflate.decode(&zlib(&text), None).unwrap()[..], &text[..]);
        }

        #[test]
        fn nothing_breaks_the_decoder(body: Vec<u8>) {
            let _ = Coding::Gzip.decode(&body, Some(100));
            let _ = Coding::Deflate.decode(&body, Some(100));
        }
    }
}
