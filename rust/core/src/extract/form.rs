//! The fields of a form.

use super::field::{Place, Text, Texts};
use super::{Extractor, Value, header};
use crate::error::Faults;
use crate::form::{Entry, Form, Part};

impl Extractor {
    /// Converts the parameters that a form holds; their faults join the others.
    pub fn extract_form(&self, form: &Form, values: &mut [Value], faults: &mut Faults) {
        for (field, value) in self.fields.iter().zip(values) {
            if !matches!(field.place, Place::Form) {
                continue;
            }
            let entries = form
                .entries
                .iter()
                .filter(|entry| entry.name == field.alias);
            let texts: Texts<'_> = entries.map(text).collect();
            *value = field.convert(texts, faults);
        }
    }
}

fn text(entry: &Entry) -> Text<'_> {
    match &entry.value {
        Part::Text(bytes) => header::text(bytes),
    }
}
