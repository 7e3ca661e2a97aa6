//! The fields of a form.

use std::borrow::Cow;

use super::field::{Place, Text, Texts, unknown};
use super::{Extractor, Value, header};
use crate::error::Faults;
use crate::form::{Entry, Form, Part};
use crate::plan::Source;

/// What Django's `{% csrf_token %}` adds to every form.
const CSRF_FIELD: &str = "csrfmiddlewaretoken";

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
        if self.closed.contains(&Source::Form) {
            let names = form.entries.iter().map(|entry| entry.name.as_str());
            let names = names.filter(|name| *name != CSRF_FIELD).map(Cow::Borrowed);
            faults.0.extend(unknown(names, Source::Form, &self.fields));
        }
    }
}

fn text(entry: &Entry) -> Text<'_> {
    match &entry.value {
        Part::Text(bytes) => header::text(bytes),
    }
}
