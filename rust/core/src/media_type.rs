//! Media types of request bodies.

/// A media type without its parameters, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MediaType {
    essence: String,
    /// For `application/json`, which also stands for every `application/…+json`.
    json: bool,
}

impl MediaType {
    /// Reads `type/subtype`; either may be `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let essence = essence(text).to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        Some(Self {
            json: essence == "application/json",
            essence,
        })
    }

    /// One whose notation is known to be right, in lower case.
    pub fn of(essence: &str) -> Self {
        Self {
            json: false,
            essence: essence.to_owned(),
        }
    }

    /// Its notation.
    pub fn as_str(&self) -> &str {
        &self.essence
    }

    /// Whether a `Content-Type` is of this type.
    pub fn accepts(&self, content_type: &str) -> bool {
        let sent = essence(content_type);
        if sent.eq_ignore_ascii_case(&self.essence) {
            return true;
        }
        let Some((kind, subtype)) = sent.split_once('/') else {
            return false;
        };
        if self.json {
            let suffix = subtype.rsplit_once('+').map(|(_, suffix)| suffix);
            return kind.eq_ignore_ascii_case("application")
                && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"));
        }
        match self.essence.strip_suffix("/*") {
            Some("*") => true,
            Some(wanted) => kind.eq_ignore_ascii_case(wanted),
            None => false,
        }
    }
}

fn essence(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted() {
        let cases = [
            ("application/json", "application/json", true),
            ("application/json", "Application/JSON; charset=utf-8", true),
            ("application/json", "application/vnd.api+json", true),
            ("application/json", "application/problem+JSON ;x=1", true),
            ("application/json", "application/jsonp", false),
            ("application/json", "application/+", false),
            ("application/json", "text/plain", false),
            ("application/json", "text/x+json", false),
            ("application/json", "text/json", false),
            ("application/json", "", false),
            ("text/*", "text/plain", true),
            ("text/*", "application/json", false),
            ("*/*", "application/pdf", true),
            ("*/*", "nonsense", false),
            (
                "multipart/form-data",
                "multipart/form-data; boundary=x",
                true,
            ),
        ];
        for (declared, sent, accepted) in cases {
            let declared = MediaType::parse(declared).unwrap();
            assert_eq!(declared.accepts(sent), accepted, "{declared:?} {sent}");
        }
    }

    #[test]
    fn not_media_types() {
        for text in ["", "json", "/", "a/", "a b/c", "a/b/c"] {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }
}
