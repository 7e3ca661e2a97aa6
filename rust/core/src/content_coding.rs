//! Compressed request bodies, RFC 9110 §8.4: refused, or inflated as they are read.
//!
//! Nothing is inflated ahead of whoever reads, so that a body's limit is what ends a bomb.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_http::error::PayloadError;
use actix_http::header::CONTENT_ENCODING;
use actix_http::{BoxedPayloadStream, Payload};
use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::Bytes;
use futures_core::Stream;
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::error::Error;
use crate::request::Request;

/// What can be inflated, as `Accept-Encoding` lists it.
const ALL: &str = "gzip, deflate, br";
const NONE: &str = "identity";
/// Bytes of one chunk that is inflated.
const CHUNK: usize = 16 * 1024;
/// Most characters of a refused coding that the reply repeats.
const MOST_ECHOED: usize = 100;

/// Has a compressed body be inflated when it is read. Without `inflates`, and for codings that are
/// not known, it is refused.
pub(crate) fn open(request: &mut Request, inflates: bool) -> Result<(), Error> {
    if !request.has_unread_body() || request.is_inflated() {
        return Ok(());
    }
    let mut sent = request.headers().get_all(CONTENT_ENCODING).peekable();
    if sent.peek().is_none() {
        return Ok(());
    }
    let codings: Vec<_> = sent
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let codings = codings.join(", ");
    let mut named = codings
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(NONE));
    // Several codings after each other are what nobody sends but those who build bombs.
    let coding = match (named.next(), named.next()) {
        (None, _) => return Ok(()),
        (Some(one), None) if inflates => Coding::of(one),
        _ => None,
    };
    let Some(coding) = coding else {
        return Err(Error::UnsupportedContentCoding {
            sent: codings.chars().take(MOST_ECHOED).collect(),
            accepted: if inflates { ALL } else { NONE },
        });
    };
    request.inflate(|payload| coding.inflate(payload));
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Coding {
    fn of(name: &str) -> Option<Self> {
        let known = [
            ("gzip", Self::Gzip),
            // RFC 9110 §8.4.1.3: the same.
            ("x-gzip", Self::Gzip),
            ("deflate", Self::Deflate),
            ("br", Self::Brotli),
        ];
        known
            .into_iter()
            .find_map(|(own, coding)| own.eq_ignore_ascii_case(name).then_some(coding))
    }

    fn inflate(self, payload: Payload<BoxedPayloadStream>) -> Payload<BoxedPayloadStream> {
        let sent = StreamReader::new(Sent(payload));
        // A body is read to its end: what follows it must be of the same coding, or it is refused.
        macro_rules! inflated {
            ($decoder:ident) => {{
                let mut decoder = $decoder::new(sent);
                decoder.multiple_members(true);
                Box::pin(Inflated(ReaderStream::with_capacity(decoder, CHUNK)))
            }};
        }
        let payload: BoxedPayloadStream = match self {
            Self::Gzip => inflated!(GzipDecoder),
            // RFC 9110 §8.4.1.2: in the zlib format, whatever the name says.
            Self::Deflate => inflated!(ZlibDecoder),
            Self::Brotli => inflated!(BrotliDecoder),
        };
        Payload::Stream { payload }
    }
}

/// A body as it was sent, for the decoder.
struct Sent(Payload<BoxedPayloadStream>);

impl Stream for Sent {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(Pin::new(&mut self.0).poll_next(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map_err(io::Error::other)))
    }
}

/// A body as it was meant.
struct Inflated<R>(ReaderStream<R>);

impl<R: AsyncRead + Unpin> Stream for Inflated<R> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(Pin::new(&mut self.0).poll_next(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map_err(fault)))
    }
}

/// What was wrong with the connection is told from what is wrong with the body.
fn fault(error: io::Error) -> PayloadError {
    let inner = error
        .into_inner()
        .map(<dyn std::error::Error + Send + Sync>::downcast);
    match inner {
        Some(Ok(sent)) => *sent,
        _ => PayloadError::EncodingCorrupted,
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use actix_http::header::{HeaderMap, HeaderValue};
    use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::body;

    const LIMIT: u64 = 100_000;

    fn request(codings: &[&str], body: Payload<BoxedPayloadStream>) -> Request {
        let mut request = actix_http::Request::with_payload(body);
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap());
        }
        *request.headers_mut() = headers;
        Request::new(request)
    }

    fn sent(codings: &[&str], body: &[u8]) -> Request {
        request(codings, Payload::from(Bytes::copy_from_slice(body)))
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap().block_on(future)
    }

    async fn compress(coding: &str, data: &[u8]) -> Vec<u8> {
        let mut compressed = Vec::new();
        let read = match coding {
            "gzip" | "X-GZip" => GzipEncoder::new(data).read_to_end(&mut compressed).await,
            "deflate" => ZlibEncoder::new(data).read_to_end(&mut compressed).await,
            _ => BrotliEncoder::new(data).read_to_end(&mut compressed).await,
        };
        read.unwrap();
        compressed
    }

    /// The body as a handler gets it, or the refusal as text.
    async fn receive(mut request: Request, inflates: bool) -> Result<Vec<u8>, String> {
        open(&mut request, inflates).map_err(|error| format!("{error:?}"))?;
        match body::read(&mut request, Some(LIMIT)).await {
            Ok(body) => Ok(body.unwrap_or_default().to_vec()),
            Err(error) => Err(format!("{error:?}")),
        }
    }

    #[test]
    fn what_is_compressed_is_inflated() {
        let data = b"abc".repeat(20_000);
        run(async {
            for coding in ["gzip", "X-GZip", "deflate", "br"] {
                let compressed = compress(coding, &data).await;
                assert_eq!(
                    receive(sent(&[coding], &compressed), true).await.unwrap(),
                    data
                );
                let empty = compress(coding, b"").await;
                assert_eq!(receive(sent(&[coding], &empty), true).await.unwrap(), b"");
            }
            for codings in [&[][..], &["identity"], &["Identity, identity"], &[""]] {
                for inflates in [false, true] {
                    assert_eq!(
                        receive(sent(codings, b"abc"), inflates).await.unwrap(),
                        b"abc"
                    );
                }
            }
        });
    }

    #[test]
    fn codings_that_are_refused() {
        let refused = |sent: &str, accepted: &str| {
            format!("UnsupportedContentCoding {{ sent: {sent:?}, accepted: {accepted:?} }}")
        };
        let cases = [
            (&["gzip"][..], false, refused("gzip", NONE)),
            (&["zstd"], true, refused("zstd", ALL)),
            (&["gzip, gzip"], true, refused("gzip, gzip", ALL)),
            (&["gzip", "br"], true, refused("gzip, br", ALL)),
            (
                &["identity", "compress"],
                true,
                refused("identity, compress", ALL),
            ),
            (&["gzip;q=1"], true, refused("gzip;q=1", ALL)),
        ];
        for (codings, inflates, expected) in cases {
            let found = run(receive(sent(codings, b"abc"), inflates));
            assert_eq!(found.unwrap_err(), expected);
        }
        let without_body = request(&["gzip"], Payload::None);
        assert_eq!(run(receive(without_body, false)).unwrap(), b"");
    }

    #[test]
    fn damaged_bodies_are_refused() {
        let damaged = format!("{:?}", Error::BadRequest(body::DAMAGED));
        run(async {
            for coding in ["gzip", "deflate", "br"] {
                let compressed = compress(coding, &b"abc".repeat(1000)).await;
                let (half, _) = compressed.split_at(compressed.len() / 2);
                let followed = [&compressed, &b"\xffgarbage"[..]].concat();
                for bytes in [b"abc", half, &followed] {
                    let found = receive(sent(&[coding], bytes), true).await;
                    assert_eq!(found.unwrap_err(), damaged, "{coding} {bytes:?}");
                }
            }
        });
    }

    /// Counts what is taken of a body.
    struct Counted(Vec<u8>, std::rc::Rc<std::cell::Cell<usize>>);

    impl Stream for Counted {
        type Item = Result<Bytes, PayloadError>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            if self.0.is_empty() {
                return Poll::Ready(None);
            }
            let end = self.0.len().min(64);
            let rest = self.0.split_off(end);
            let chunk = Bytes::from(std::mem::replace(&mut self.0, rest));
            self.1.set(self.1.get() + chunk.len());
            Poll::Ready(Some(Ok(chunk)))
        }
    }

    #[test]
    fn a_bomb_is_not_inflated_beyond_the_limit() {
        let too_large = format!("{:?}", Error::PayloadTooLarge(LIMIT));
        run(async {
            for coding in ["gzip", "deflate"] {
                let bomb = compress(coding, &vec![0; 8 << 20]).await;
                let taken = std::rc::Rc::new(std::cell::Cell::new(0));
                let payload: BoxedPayloadStream =
                    Box::pin(Counted(bomb.clone(), std::rc::Rc::clone(&taken)));
                let request = request(&[coding], Payload::Stream { payload });
                assert_eq!(receive(request, true).await.unwrap_err(), too_large);
                assert!(
                    taken.get() * 20 < bomb.len(),
                    "{} of {}",
                    taken.get(),
                    bomb.len()
                );
            }
        });
    }

    #[test]
    fn a_bomb_of_few_bytes_is_inflated_piece_by_piece() {
        let too_large = format!("{:?}", Error::PayloadTooLarge(LIMIT));
        run(async {
            let bomb = compress("br", &vec![0; 4 << 20]).await;
            assert!(bomb.len() < 1000);
            let found = receive(sent(&["br"], &bomb), true).await;
            assert_eq!(found.unwrap_err(), too_large);

            let mut request = sent(&["br"], &bomb);
            open(&mut request, true).unwrap();
            let mut payload = request.take_payload();
            let mut total = 0;
            while let Some(chunk) = poll_fn(|cx| Pin::new(&mut payload).poll_next(cx)).await {
                let length = chunk.unwrap().len();
                assert!(length <= CHUNK, "{length}");
                total += length;
            }
            assert_eq!(total, 4 << 20);
        });
    }

    #[test]
    fn a_connection_that_breaks_is_no_damage() {
        struct Broken;
        impl Stream for Broken {
            type Item = Result<Bytes, PayloadError>;
            fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                Poll::Ready(Some(Err(PayloadError::Incomplete(None))))
            }
        }
        let payload: BoxedPayloadStream = Box::pin(Broken);
        let found = run(receive(
            request(&["gzip"], Payload::Stream { payload }),
            true,
        ));
        assert_eq!(
            found.unwrap_err(),
            "BadRequest(\"The request body is incomplete.\")"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn nothing_breaks_the_decoders(
            coding in prop_oneof![Just("gzip"), Just("deflate"), Just("br")],
            data in proptest::collection::vec(any::<u8>(), 0..2000),
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            run(async {
                let mut bytes = compress(coding, &data).await;
                for (at, mask) in &flips {
                    let at = at.index(bytes.len());
                    bytes[at] ^= mask;
                }
                let whole = flips.iter().all(|(_, mask)| *mask == 0);
                let found = receive(sent(&[coding], &bytes), true).await;
                if whole {
                    assert_eq!(found.unwrap(), data);
                }
            });
        }
    }
}
