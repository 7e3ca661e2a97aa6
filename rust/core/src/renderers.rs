//! Which of a route's renderers answers a request, RFC 9110 §12.5.1.

use actix_http::header::{HeaderValue, VARY};

use crate::accept::{self, Closeness, Offered, Quality, Range};
use crate::error::Error;
use crate::extract::last_query_value;
use crate::plan::{self, PlanError};
use crate::reply::Reply;
use crate::request::Request;

/// The renderer that a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Index into the route's renderers.
    pub index: usize,
    /// Its media type with the parameters that the client asks for; `None` where there are none.
    pub accepted: Option<Box<str>>,
}

/// The renderers of a route that declares them.
#[derive(Debug)]
pub(crate) struct Renderers {
    offers: Vec<Offer>,
    /// The query parameter that overrides `Accept`.
    parameter: Option<String>,
}

#[derive(Debug)]
struct Offer {
    media_type: Offered,
    format: Option<String>,
}

impl Renderers {
    /// Compiles a route's list; an empty one is none.
    pub fn compile(
        renderers: &[plan::Renderer],
        parameter: Option<&str>,
    ) -> Result<Option<Self>, PlanError> {
        let compile = |(at, renderer): (usize, &plan::Renderer)| {
            let text = &renderer.media_type;
            let media_type = Offered::parse(text).ok_or_else(|| {
                let path = format!("renderers[{at}].media_type");
                PlanError::new(path, format!("{text:?} is not a media type"))
            })?;
            let format = renderer.format.clone();
            Ok(Offer { media_type, format })
        };
        let offers = renderers.iter().enumerate().map(compile);
        let offers = offers.collect::<Result<Vec<_>, PlanError>>()?;
        Ok((!offers.is_empty()).then(|| Self {
            offers,
            parameter: parameter.map(str::to_owned),
        }))
    }

    /// The renderer that the client likes best; 406 where it accepts none, 404 for a format that
    /// no renderer has.
    pub fn choose(&self, request: &Request) -> Result<Chosen, Error> {
        let ranges = accept::of_request(request.headers());
        let query = request.uri().query().unwrap_or_default();
        let format = self.parameter.as_ref();
        let format = format.and_then(|name| last_query_value(query, name));
        let Some(format) = format.filter(|format| !format.is_empty()) else {
            return self.best(|_| true, &ranges).ok_or(Error::NotAcceptable);
        };
        let named = |offer: &Offer| offer.format.as_deref() == Some(&*format);
        let first = self.offers.iter().position(named).ok_or(Error::NotFound)?;
        let best = self.best(named, &ranges);
        Ok(best.unwrap_or(Chosen {
            index: first,
            accepted: None,
        }))
    }

    fn best(&self, allowed: impl Fn(&Offer) -> bool, ranges: &[Range<'_>]) -> Option<Chosen> {
        let mut best: Option<(Quality, u8, Chosen)> = None;
        for (index, offer) in self.offers.iter().enumerate() {
            if !allowed(offer) {
                continue;
            }
            if ranges.is_empty() {
                return Some(Chosen {
                    index,
                    accepted: None,
                });
            }
            let Some((closeness, range)) = closest(&offer.media_type, ranges) else {
                continue;
            };
            // Of equals, what is named more exactly, as in Django REST framework; then the first.
            let rank = (range.quality, closeness.essence);
            let known = best
                .as_ref()
                .map(|(quality, essence, _)| (*quality, *essence));
            if range.quality > 0 && known.is_none_or(|known| rank > known) {
                let accepted = offer.media_type.with_parameters_of(range);
                let accepted = accepted.map(String::into_boxed_str);
                best = Some((rank.0, rank.1, Chosen { index, accepted }));
            }
        }
        best.map(|(_, _, chosen)| chosen)
    }

    /// Says that the reply depends on `Accept`, where it does; RFC 9110 §12.5.5.
    pub fn vary(&self, mut reply: Reply) -> Reply {
        if self.offers.len() < 2 {
            return reply;
        }
        let known = reply.headers.iter_mut().find(|(name, _)| name == VARY);
        let Some((_, value)) = known else {
            return reply.with_header(VARY, HeaderValue::from_static("Accept"));
        };
        let text = value.to_str().unwrap_or_default();
        let named = |name: &str| name.eq_ignore_ascii_case("accept") || name == "*";
        if !text.split(',').map(str::trim).any(named) {
            let joined = HeaderValue::try_from(format!("{text}, Accept"));
            *value = joined.unwrap_or_else(|_| HeaderValue::from_static("Accept"));
        }
        reply
    }
}

/// The range that holds for a media type: the one that names it most exactly.
fn closest<'a, 'b>(
    media_type: &Offered,
    ranges: &'a [Range<'b>],
) -> Option<(Closeness, &'a Range<'b>)> {
    ranges
        .iter()
        .filter_map(|range| Some((media_type.closeness(range)?, range)))
        .max_by_key(|(closeness, range)| (*closeness, range.quality))
}

#[cfg(test)]
mod tests {
    use actix_http::StatusCode;
    use actix_http::header::{ACCEPT, HeaderName};
    use bytes::Bytes;

    use super::*;

    const JSON: &str = "application/json";
    const PACK: &str = "application/msgpack";

    fn renderers(list: &[(&str, &str)]) -> Renderers {
        let renderer = |(media_type, format): &(&str, &str)| plan::Renderer {
            media_type: (*media_type).to_owned(),
            format: (!format.is_empty()).then(|| (*format).to_owned()),
        };
        let list: Vec<_> = list.iter().map(renderer).collect();
        Renderers::compile(&list, Some("format")).unwrap().unwrap()
    }

    fn request(uri: &str, accept: Option<&str>) -> Request {
        let mut request = actix_http::Request::new();
        request.head_mut().uri = uri.parse().unwrap();
        if let Some(accept) = accept {
            let value = HeaderValue::from_str(accept).unwrap();
            request.head_mut().headers.insert(ACCEPT, value);
        }
        Request::new(request)
    }

    fn chosen(offers: &Renderers, uri: &str, accept: Option<&str>) -> String {
        match offers.choose(&request(uri, accept)) {
            Ok(Chosen { index, accepted }) => match accepted {
                Some(accepted) => format!("{index} {accepted}"),
                None => index.to_string(),
            },
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn what_a_client_accepts() {
        let offers = renderers(&[(JSON, "json"), (PACK, "msgpack")]);
        let cases = [
            (None, "0"),
            (Some(""), "0"),
            (Some("*/*"), "0"),
            (Some("application/*"), "0"),
            (Some("application/json"), "0"),
            (Some("Application/MsgPack"), "1"),
            (Some("application/msgpack, */*"), "1"),
            (Some("*/*, application/msgpack"), "1"),
            (Some("application/msgpack, application/json"), "0"),
            (Some("application/msgpack, application/json;q=0.9"), "1"),
            (
                Some("application/msgpack;q=0.1, application/json;q=0.2"),
                "0",
            ),
            // The weight of the range that names it most exactly holds.
            (Some("application/json;q=0.1, */*;q=0.5"), "1"),
            (Some("application/json;q=0, */*"), "1"),
            (Some("application/json;q=0, application/*;q=0.001"), "1"),
            (
                Some("application/msgpack;q=0, application/json;q=0.1, */*"),
                "0",
            ),
            (Some("text/html"), "NotAcceptable"),
            (Some("text/*, image/png"), "NotAcceptable"),
            (Some("application/json;q=0"), "NotAcceptable"),
            (Some("*/*;q=0"), "NotAcceptable"),
            (Some("application/jso"), "NotAcceptable"),
            (Some("application/json+x"), "NotAcceptable"),
            // Malformed ranges are as though they were not there.
            (Some("nonsense"), "0"),
            (Some("nonsense, application/msgpack"), "1"),
            (Some("application/json;q=2, application/msgpack;q=0.1"), "1"),
            // Parameters that a renderer does not have are told to it.
            (
                Some("application/json; indent=4"),
                "0 application/json; indent=4",
            ),
            (
                Some("application/json;indent=\"4 a\";q=0.4, text/html"),
                "0 application/json; indent=\"4 a\"",
            ),
            (Some("application/json;v=2;q=0.5, application/json"), "0"),
        ];
        for (accept, expected) in cases {
            assert_eq!(chosen(&offers, "/", accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn parameters_of_renderers() {
        let offers = renderers(&[
            ("application/json;version=1", ""),
            ("application/json; version=2", ""),
            ("application/json", ""),
        ]);
        let cases = [
            ("application/json", "0"),
            (
                "application/json;version=2",
                "1 application/json; version=2",
            ),
            (
                "application/json;VERSION=\"2\"",
                "1 application/json; version=2",
            ),
            (
                "application/json;version=3",
                "2 application/json; version=3",
            ),
            (
                "application/json;version=2;q=0.2, application/json;q=0.1",
                "1",
            ),
        ];
        for (accept, expected) in cases {
            let found = chosen(&offers, "/", Some(accept));
            assert_eq!(
                found.split_once(' ').map_or(&*found, |(index, _)| index),
                &expected[..1],
                "{accept}"
            );
        }
    }

    #[test]
    fn the_format_overrides_the_header() {
        let offers = renderers(&[
            (JSON, "json"),
            (PACK, "msgpack"),
            ("a/b", "msgpack"),
            ("c/d", ""),
        ]);
        let cases = [
            ("/?format=msgpack", None, "1"),
            ("/?format=msgpack", Some(JSON), "1"),
            ("/?format=msgpack", Some("text/html"), "1"),
            ("/?format=msgpack", Some("a/b"), "2"),
            ("/?x=1&%66ormat=msg%70ack&y", None, "1"),
            ("/?format=json&format=msgpack", None, "1"),
            ("/?format=", Some(PACK), "1"),
            ("/?format", None, "0"),
            ("/?Format=msgpack", None, "0"),
            ("/?format=xml", None, "NotFound"),
            ("/?format=JSON", None, "NotFound"),
            ("/?format=%ff", None, "NotFound"),
        ];
        for (uri, accept, expected) in cases {
            assert_eq!(chosen(&offers, uri, accept), expected, "{uri} {accept:?}");
        }
        let offers = Renderers {
            parameter: None,
            ..offers
        };
        assert_eq!(chosen(&offers, "/?format=msgpack", None), "0");
    }

    #[test]
    fn what_cannot_be_offered() {
        for text in ["", "json", "*/*", "image/*", "a/b;q=0.5", "a/b, c/d"] {
            let renderer = plan::Renderer {
                media_type: text.to_owned(),
                format: None,
            };
            let error = Renderers::compile(&[renderer], None).unwrap_err();
            assert!(
                error.to_string().contains("renderers[0].media_type"),
                "{error}"
            );
        }
        assert!(Renderers::compile(&[], None).unwrap().is_none());
    }

    #[test]
    fn replies_say_that_they_vary() {
        let both = renderers(&[(JSON, "json"), (PACK, "msgpack")]);
        let vary = |offers: &Renderers, header: Option<(HeaderName, &'static str)>| {
            let mut reply = Reply::json(StatusCode::OK, Bytes::new());
            let header = header.map(|(name, value)| (name, HeaderValue::from_static(value)));
            reply.headers.extend(header);
            let headers = offers.vary(reply).headers;
            let mut values = headers.iter().filter(|(name, _)| name == VARY);
            let value = values
                .next()
                .map(|(_, value)| value.to_str().unwrap().to_owned());
            assert!(values.next().is_none());
            value
        };
        let cases = [
            (None, "Accept"),
            (Some((VARY, "Cookie")), "Cookie, Accept"),
            (Some((VARY, "Cookie, accept")), "Cookie, accept"),
            (Some((VARY, "*")), "*"),
            (Some((ACCEPT, "x")), "Accept"),
        ];
        for (header, expected) in cases {
            assert_eq!(vary(&both, header).as_deref(), Some(expected));
        }
        assert_eq!(vary(&renderers(&[(JSON, "json")]), None), None);
    }
}
