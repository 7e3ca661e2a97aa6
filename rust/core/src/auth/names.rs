//! The names of permissions or scopes that credentials carry.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::members::Text;

/// A few names, in the order in which they were given.
///
/// A token brings them along and a guard asks for one or two, so that making this must be cheap and
/// searching it may take a look at each: the names stand one behind the other in one text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    /// Where each of them ends in `text`.
    ends: Vec<usize>,
}

impl Names {
    /// Whether the name is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|held| held == name)
    }

    /// Each name.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let name = &self.text[start..*end];
            start = *end;
            name
        })
    }

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }
}

impl<T: AsRef<str>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut collected = Self::default();
        for name in names {
            collected.push(name.as_ref());
        }
        collected
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
        let mut names = Names::default();
        while let Some(Text(name)) = items.next_element()? {
            names.push(&name);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart() {
        let names: Names = ["a.b", "", "ü", "a.bc"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a.b", "", "ü", "a.bc"]);
        for (name, held) in [
            ("a.b", true),
            ("a.bc", true),
            ("", true),
            ("a.b\u{fc}", false),
            ("bc", false),
        ] {
            assert_eq!(names.contains(name), held, "{name:?}");
        }
        assert!(!Names::default().contains(""));
    }
}
