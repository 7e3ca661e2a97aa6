//! The fields of a form.

use std::borrow::Cow;

use super::field::{Place, Text, unknown};
use super::{Extractor, Value, header};
use crate::error::Faults;
use crate::form::{Form, Part};
use crate::plan::Source;

/// What Django's `{% csrf_token %}` adds to every form.
const CSRF_FIELD: &str = "csrfmiddlewaretoken";

impl Extractor {
    /// Converts the parameters that a form holds; their faults join the others.
    pub fn extract_form(&self, form: &Form, values: &mut [Value], faults: &mut Faults) {
        for (field, value) in self.fields.iter().zip(values) {
            let parts = form
                .entries
                .iter()
                .filter(|entry| entry.name == field.alias)
                .map(|entry| &entry.value);
            *value = match field.place {
                Place::Form => field.convert(parts.map(text).collect(), faults),
                Place::File => field.convert_with(parts.collect(), faults, |part, messages| {
                    field.convert_file(part, messages)
                }),
                _ => continue,
            };
        }
        if self.closed.contains(&Source::Form) {
            let names = form.entries.iter().map(|entry| entry.name.as_str());
            let names = names.filter(|name| *name != CSRF_FIELD).map(Cow::Borrowed);
            faults.0.extend(unknown(names, Source::Form, &self.fields));
        }
    }
}

fn text(part: &Part) -> Text<'_> {
    match part {
        Part::Text(bytes) => header::text(bytes),
        Part::File(_) => Err("Not a valid string.".into()),
    }
}
