//! Path templates, and request paths in the one form in which they are compared.
//!
//! In that form every escape of an unreserved character is undone, every other character that is
//! not plain in a path is escaped, and hexadecimal digits are upper case (RFC 3986, section 6.2.2).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A route's path template, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// The template with positions in the place of names: templates of one shape share a leaf.
    pub shape: String,
    /// Names of the parameters, in the template's order.
    pub names: Vec<String>,
    /// Whether the last parameter takes the rest of the path.
    pub catch_all: bool,
}

impl Template {
    /// Takes a template apart.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err("a path begins with a slash".to_owned());
        };
        let mut template = Self {
            shape: String::with_capacity(text.len()),
            names: Vec::new(),
            catch_all: false,
        };
        if rest.is_empty() {
            template.shape.push('/');
            return Ok(template);
        }
        for segment in rest.split('/') {
            if template.catch_all {
                return Err("nothing can follow a parameter that takes the rest".to_owned());
            }
            template.shape.push('/');
            template.segment(segment)?;
        }
        Ok(template)
    }

    fn segment(&mut self, segment: &str) -> Result<(), String> {
        if segment.is_empty() {
            return Err("a path has no empty segment, and no slash at its end".to_owned());
        }
        if is_dots(segment) {
            return Err("the segments \".\" and \"..\" never match".to_owned());
        }
        let known = self.names.len();
        let mut rest = segment;
        while let Some(character) = rest.chars().next() {
            let doubled = rest.starts_with("{{") || rest.starts_with("}}");
            if character == '{' && !doubled {
                let Some((name, tail)) = rest[1..].split_once('}') else {
                    return Err(format!("a brace is not closed in {segment:?}"));
                };
                self.parameter(name)?;
                rest = tail;
            } else if character == '}' && !doubled {
                return Err(format!("a brace is not opened in {segment:?}"));
            } else {
                let width = character.len_utf8();
                push_literal(&mut self.shape, &rest[..width]);
                rest = &rest[width * (1 + usize::from(doubled))..];
            }
        }
        if self.names.len() > known + 1 {
            return Err(format!("{segment:?} has more than one parameter"));
        }
        if self.catch_all && !segment.starts_with("{*") {
            return Err(format!(
                "{segment:?} has text beside a parameter that takes the rest"
            ));
        }
        Ok(())
    }

    fn parameter(&mut self, name: &str) -> Result<(), String> {
        let (star, name) = match name.strip_prefix('*') {
            Some(name) => ("*", name),
            None => ("", name),
        };
        let mut characters = name.chars();
        let starts_well = characters
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_');
        if !starts_well || !characters.all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!("{name:?} is not a parameter's name"));
        }
        if self.names.iter().any(|known| known == name) {
            return Err(format!("the parameter {name:?} appears twice"));
        }
        let placeholder = format!("{{{star}p{}}}", self.names.len());
        self.shape.push_str(&placeholder);
        self.names.push(name.to_owned());
        self.catch_all |= star == "*";
        Ok(())
    }
}

/// Appends literal text in the form in which paths are compared.
fn push_literal(shape: &mut String, text: &str) {
    for byte in text.bytes() {
        if is_plain(byte) {
            shape.push(char::from(byte));
        } else {
            push_escape(shape, byte);
        }
    }
}

/// A request path that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub &'static str);

/// Brings a request path into the form in which paths are compared; most are in it already.
pub(crate) fn normalise(path: &str) -> Result<Cow<'_, str>, Malformed> {
    if path.bytes().all(is_plain) {
        return Ok(Cow::Borrowed(path));
    }
    let bytes = path.as_bytes();
    let mut normal = String::with_capacity(path.len() + 8);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if is_plain(byte) {
            normal.push(char::from(byte));
            continue;
        }
        let value = if byte == b'%' {
            let value = escaped_byte(bytes.get(at..at + 2))?;
            at += 2;
            value
        } else {
            byte
        };
        match value {
            0 => return Err(Malformed("The path holds a null character.")),
            value if is_unreserved(value) => normal.push(char::from(value)),
            value => push_escape(&mut normal, value),
        }
    }
    match percent_decode_str(&normal).decode_utf8() {
        Ok(_) => Ok(Cow::Owned(normal)),
        Err(_) => Err(Malformed("The path is not UTF-8.")),
    }
}

fn escaped_byte(digits: Option<&[u8]>) -> Result<u8, Malformed> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if let Some(&[high, low]) = digits
        && let (Some(high), Some(low)) = (digit(high), digit(low))
        && let Ok(value) = u8::try_from(high * 16 + low)
    {
        return Ok(value);
    }
    Err(Malformed("The path has a malformed escape."))
}

/// Undoes the escapes of a captured value, once. The path is normal, so that this cannot fail.
#[must_use]
pub fn decode(capture: &str) -> String {
    percent_decode_str(capture).decode_utf8_lossy().into_owned()
}

/// Whether a segment is `.` or `..`.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    path.as_bytes().contains(&b'.') && path.split('/').any(is_dots)
}

fn is_dots(segment: &str) -> bool {
    segment == "." || segment == ".."
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What stands unescaped in a normal path: RFC 3986's `pchar`, and the slash.
fn is_plain(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'/' | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

fn push_escape(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn templates() {
        let cases = [
            ("/", "/", vec![], false),
            ("/users", "/users", vec![], false),
            ("/users/{id}", "/users/{p0}", vec!["id"], false),
            ("/{a}/x/{b}", "/{p0}/x/{p1}", vec!["a", "b"], false),
            ("/files/{*rest}", "/files/{*p0}", vec!["rest"], true),
            ("/img-{n}.png", "/img-{p0}.png", vec!["n"], false),
            ("/a{{b}}", "/a%7Bb%7D", vec![], false),
            ("/café au", "/caf%C3%A9%20au", vec![], false),
        ];
        for (text, shape, names, catch_all) in cases {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.shape, shape);
            assert_eq!(template.names, names);
            assert_eq!(template.catch_all, catch_all);
        }
    }

    #[test]
    fn bad_templates() {
        let cases = [
            "", "users", "/users/", "//", "/a//b", "/.", "/a/../b", "/{", "/a}", "/{}", "/{1a}",
            "/{a b}", "/{a}{b}", "/{a}/{a}", "/{*a}/b", "/x{*a}", "/{*}",
        ];
        for text in cases {
            assert!(Template::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn normal_paths() {
        let cases = [
            ("/plain/a-b_c~d.e", Ok("/plain/a-b_c~d.e")),
            ("/%61%2d", Ok("/a-")),
            ("/%2e%2E/", Ok("/../")),
            ("/a%2fb", Ok("/a%2Fb")),
            ("/a{b}", Ok("/a%7Bb%7D")),
            ("/caf%c3%a9", Ok("/caf%C3%A9")),
            ("/%", Err(())),
            ("/%4", Err(())),
            ("/%zz", Err(())),
            ("/%+1", Err(())),
            ("/%ff", Err(())),
            ("/%c0%af", Err(())),
            ("/%00", Err(())),
        ];
        for (path, expected) in cases {
            let normal = normalise(path).map_err(|_| ());
            assert_eq!(
                normal.as_deref(),
                expected.as_deref().map_err(|()| &()),
                "{path}"
            );
        }
    }

    #[test]
    fn a_plain_path_is_not_copied() {
        assert!(matches!(normalise("/a/b"), Ok(Cow::Borrowed(_))));
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(path in "/[ -~]{0,40}") {
            if let Ok(once) = normalise(&path) {
                prop_assert_eq!(normalise(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn any_text_survives_escaping(text in "[^\0]{0,20}") {
            let mut escaped = String::new();
            push_literal(&mut escaped, &text);
            let normal = normalise(&escaped).unwrap();
            prop_assert_eq!(&normal, &escaped);
            prop_assert_eq!(decode(&normal), text);
        }
    }
}
