//! `Content-Disposition` of a part, RFC 7578 §4.2, and names of files that came with it.

use percent_encoding::percent_decode;

use super::multipart::Malformed;

/// Longest name of a file in bytes, as in Django.
const MOST_NAME: usize = 255;
const MALFORMED: Malformed = "A part of the multipart body has a malformed Content-Disposition.";

/// What it says: the field's name, and of a file the name that its client has for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disposition {
    pub name: String,
    /// As it was sent; there for files only, and empty where nobody chose one.
    pub filename: Option<String>,
}

/// Reads the header's value.
pub(super) fn read(value: &[u8]) -> Result<Disposition, Malformed> {
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
    if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
        return Err("A part of the multipart body is not form-data.");
    }
    let (mut name, mut filename, mut extended) = (None, None, None);
    for (key, text) in parameters(value)? {
        let place = match key.as_str() {
            "name" => &mut name,
            "filename" => &mut filename,
            "filename*" => &mut extended,
            _ => continue,
        };
        let text = if key == "filename*" {
            decode_extended(&text)?
        } else {
            text
        };
        let text =
            String::from_utf8(text).map_err(|_| "A name in the multipart body is not UTF-8.")?;
        if place.replace(text).is_some() {
            return Err("A part of the multipart body has two names.");
        }
    }
    Ok(Disposition {
        name: name.ok_or("A part of the multipart body has no name.")?,
        filename: extended.or(filename),
    })
}

/// The parameters behind the first semicolon, names in lower case.
///
/// In quotes, a backslash escapes a quote or a backslash and stands for itself otherwise: there are
/// clients that send whole Windows paths.
pub(super) fn parameters(value: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
    let mut found = Vec::new();
    let Some(first) = value.iter().position(|byte| *byte == b';') else {
        return Ok(found);
    };
    let mut rest = &value[first..];
    loop {
        rest = rest.trim_ascii_start();
        match rest.split_first() {
            None => return Ok(found),
            Some((b';', more)) => rest = more.trim_ascii_start(),
            Some(_) => return Err(MALFORMED),
        }
        if rest.is_empty() || rest.starts_with(b";") {
            continue;
        }
        let equals = rest
            .iter()
            .position(|byte| *byte == b'=')
            .ok_or(MALFORMED)?;
        let name = String::from_utf8_lossy(rest[..equals].trim_ascii()).to_ascii_lowercase();
        let (text, more) = parameter_value(rest[equals + 1..].trim_ascii_start())?;
        found.push((name, text));
        rest = more;
    }
}

fn parameter_value(text: &[u8]) -> Result<(Vec<u8>, &[u8]), Malformed> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text
            .iter()
            .position(|byte| *byte == b';')
            .unwrap_or(text.len());
        return Ok((text[..end].trim_ascii().to_vec(), &text[end..]));
    };
    let mut value = Vec::new();
    let mut at = 0;
    while let Some(byte) = quoted.get(at) {
        match (byte, quoted.get(at + 1)) {
            (b'"', _) => return Ok((value, &quoted[at + 1..])),
            (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                value.push(*escaped);
                at += 1;
            }
            _ => value.push(*byte),
        }
        at += 1;
    }
    Err(MALFORMED)
}

/// `UTF-8''na%C3%AFve`, RFC 8187.
fn decode_extended(text: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut pieces = text.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, encoded) = (pieces.next(), pieces.next(), pieces.next());
    let encoded = encoded.ok_or(MALFORMED)?;
    let decoded: Vec<u8> = percent_decode(encoded).collect();
    if charset.is_some_and(|charset| charset.eq_ignore_ascii_case(b"iso-8859-1")) {
        return Ok(decoded
            .into_iter()
            .map(char::from)
            .collect::<String>()
            .into_bytes());
    }
    if !charset.is_some_and(|charset| charset.eq_ignore_ascii_case(b"utf-8")) {
        return Err(MALFORMED);
    }
    Ok(decoded)
}

/// A file's name without its path and without what cannot be printed, as Django's
/// `sanitize_file_name` gives it; `None` where nothing is left.
pub(super) fn base_name(filename: &str) -> Option<String> {
    let base = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = base.chars().filter(|c| is_printable(*c)).collect();
    let clean = clean.trim();
    if matches!(clean, "" | "." | "..") {
        return None;
    }
    Some(shortened(clean))
}

/// Neither a control or format character, nor a blank other than the space.
fn is_printable(c: char) -> bool {
    let unprintable = c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0xe000..=0xf8ff | 0xfeff | 0xfff0..=0xfffb
            | 0xe0000..=0xe0fff | 0xf0000..=0x10_ffff);
    !unprintable
}

/// At most 255 bytes, the end with its extension kept.
fn shortened(name: &str) -> String {
    if name.len() <= MOST_NAME {
        return name.to_owned();
    }
    let dot = name.rfind('.').filter(|at| name.len() - at <= 32);
    let (stem, extension) = name.split_at(dot.unwrap_or(name.len()));
    let mut end = MOST_NAME - extension.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &stem[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        let cases: [(&str, &str, Option<&str>); 8] = [
            ("form-data; name=a", "a", None),
            ("Form-Data ; NAME = \"a b\" ;", "a b", None),
            (
                "form-data; name=\"a\"; filename=\"x;y.txt\"",
                "a",
                Some("x;y.txt"),
            ),
            (
                "form-data; name=\"a\\\"b\\\\c\"; filename=\"\"",
                "a\"b\\c",
                Some(""),
            ),
            (
                "form-data; filename=\"C:\\dir\\f.txt\"; name=a",
                "a",
                Some("C:\\dir\\f.txt"),
            ),
            (
                "form-data; name=a; filename=x; filename*=UTF-8''%e2%82%ac%20r",
                "a",
                Some("\u{20ac} r"),
            ),
            (
                "form-data; name=a; filename*=ISO-8859-1'en'%e4",
                "a",
                Some("\u{e4}"),
            ),
            ("form-data; name=\"\u{e4}\"", "\u{e4}", None),
        ];
        for (value, name, filename) in cases {
            let expected = Disposition {
                name: name.to_owned(),
                filename: filename.map(str::to_owned),
            };
            assert_eq!(read(value.as_bytes()), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_is_refused() {
        let cases: [&[u8]; 10] = [
            b"",
            b"attachment; name=a",
            b"form-data",
            b"form-data; filename=x",
            b"form-data; name=a; name=b",
            b"form-data; name=\"a",
            b"form-data; name=\"a\"b",
            b"form-data; name=a; name",
            b"form-data; name=\xff",
            b"form-data; name=a; filename*=UTF-8''%ff",
        ];
        for value in cases {
            assert!(read(value).is_err(), "{}", String::from_utf8_lossy(value));
        }
        assert!(read(b"form-data; name=a; filename*=KOI8-R''x").is_err());
    }

    #[test]
    fn base_names() {
        let cases = [
            ("photo.jpg", Some("photo.jpg")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\dir\\f.txt", Some("f.txt")),
            ("..\\..\\x", Some("x")),
            ("a\0b\n\u{202e}.txt", Some("ab.txt")),
            ("na\u{ef}ve \u{20ac}.txt", Some("na\u{ef}ve \u{20ac}.txt")),
            ("", None),
            (".", None),
            ("a/..", None),
            ("a/", None),
            (" \0 ", None),
        ];
        for (filename, expected) in cases {
            assert_eq!(base_name(filename).as_deref(), expected, "{filename:?}");
        }
        let long = base_name(&format!("{}.txt", "\u{e4}".repeat(300))).unwrap();
        assert!(long.len() <= 255 && long.ends_with("\u{e4}.txt"));
    }
}
