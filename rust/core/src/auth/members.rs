//! The members of one JSON object, each name once.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use super::RejectReason;

/// What a reader keeps of an object.
pub(super) trait Members<'de> {
    /// Reads the value of the member `name`; [`Ignored`] is for those it does not want.
    fn read<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error>;
}

/// Reads `json`, which is one object with unique names, in one pass.
///
/// `malformed` is the reason for everything that is not such an object, or that the reader refuses.
pub(super) fn parse<'de, M: Members<'de> + Default>(
    json: &'de [u8],
    malformed: RejectReason,
) -> Result<M, RejectReason> {
    let mut members = M::default();
    parse_into(&mut members, json, malformed)?;
    Ok(members)
}

/// The same, for a reader that has to be told something first.
pub(super) fn parse_into<'de, M: Members<'de>>(
    members: &mut M,
    json: &'de [u8],
    malformed: RejectReason,
) -> Result<(), RejectReason> {
    let json = std::str::from_utf8(json).map_err(|_| malformed)?;
    let mut json = serde_json::Deserializer::from_str(json);
    let mut names = Names::new();
    // Filled in place: what a deserializer returns is moved once for each of its layers.
    let object = Object {
        members,
        names: &mut names,
    };
    object.deserialize(&mut json).map_err(|_| malformed)?;
    json.end().map_err(|_| malformed)?;
    if has_duplicates(names) {
        return Err(RejectReason::DuplicateMember);
    }
    Ok(())
}

/// A few names are compared with each other: most differ in length already. Thousands are sorted.
fn has_duplicates(mut names: Names<'_>) -> bool {
    if names.spilled() {
        names.sort_unstable();
        return names.windows(2).any(|pair| pair[0] == pair[1]);
    }
    let mut rest = names.as_slice();
    while let [name, others @ ..] = rest {
        if others.contains(name) {
            return true;
        }
        rest = others;
    }
    false
}

/// Text that is borrowed from the document unless it has escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The names of an object's members.
type Names<'de> = SmallVec<[Cow<'de, str>; 16]>;

/// Where an object is read to.
struct Object<'a, 'de, M> {
    members: &'a mut M,
    names: &'a mut Names<'de>,
}

impl<'de, M: Members<'de>> DeserializeSeed<'de> for Object<'_, 'de, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, M: Members<'de>> Visitor<'de> for Object<'_, 'de, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(name)) = map.next_key()? {
            self.members.read(&name, &mut map)?;
            self.names.push(name);
        }
        Ok(())
    }
}

/// A value that nobody wants, but that is valid JSON all the same.
///
/// `serde::de::IgnoredAny` skips a value without limiting its depth or checking its text. The raw
/// payload goes on to Python, whose parsers refuse both; what Rust accepts must be readable there.
pub(super) struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IgnoredVisitor)
    }
}

struct IgnoredVisitor;

impl<'de> Visitor<'de> for IgnoredVisitor {
    type Value = Ignored;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Ignored, E> {
        Ok(Ignored)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Ignored, E> {
        Ok(Ignored)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Ignored, E> {
        Ok(Ignored)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Ignored, E> {
        Ok(Ignored)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Ignored, E> {
        Ok(Ignored)
    }

    fn visit_str<E>(self, _: &str) -> Result<Ignored, E> {
        Ok(Ignored)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ignored, A::Error> {
        while items.next_element::<Ignored>()?.is_some() {}
        Ok(Ignored)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Ignored, A::Error> {
        while members.next_entry::<Ignored, Ignored>()?.is_some() {}
        Ok(Ignored)
    }
}
