//! The members of one JSON object, each name once.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use super::RejectReason;

/// What a reader keeps of an object.
pub(super) trait Members<'de>: Default {
    /// Reads the value of the member `name`; [`Ignored`] is for those it does not want.
    fn read<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error>;
}

/// Reads `json`, which is one object with unique names, in one pass.
///
/// `malformed` is the reason for everything that is not such an object, or that the reader refuses.
pub(super) fn parse<'de, M: Members<'de>>(
    json: &'de [u8],
    malformed: RejectReason,
) -> Result<M, RejectReason> {
    let object: Object<'de, M> = serde_json::from_slice(json).map_err(|_| malformed)?;
    // Sorting keeps thousands of names cheap, where comparing each with all would not be.
    let mut names = object.names;
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(RejectReason::DuplicateMember);
    }
    Ok(object.members)
}

/// Text that is borrowed from the document unless it has escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

struct Object<'de, M> {
    members: M,
    names: SmallVec<[Cow<'de, str>; 16]>,
}

impl<'de, M: Members<'de>> Deserialize<'de> for Object<'de, M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<M>(PhantomData<M>);

impl<'de, M: Members<'de>> Visitor<'de> for ObjectVisitor<M> {
    type Value = Object<'de, M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = M::default();
        let mut names = SmallVec::new();
        while let Some(Text(name)) = map.next_key()? {
            members.read(&name, &mut map)?;
            names.push(name);
        }
        Ok(Object { members, names })
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
