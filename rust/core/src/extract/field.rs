//! One declared parameter: where it stands, what it must be.

use std::borrow::Cow;
use std::sync::Arc;

use actix_http::header::HeaderName;
use smallvec::SmallVec;

use super::Value;
use super::coerce::{Message, any_of, coerce};
use super::constraints::Checks;
use crate::error::{Fault, Faults};
use crate::form::{Part, media_types, refused_type};
use crate::media_type::MediaType;
use crate::plan::{self, PlanError, Scalar, Source};

/// Text that was read, or why it could not be.
pub(super) type Text<'a> = Result<Cow<'a, str>, Message>;

/// Every text of one parameter, in the request's order.
pub(super) type Texts<'a> = SmallVec<[Text<'a>; 1]>;

/// How many different messages one repeated parameter may collect: a request must not be able to
/// ask for a reply that is many times its own size.
const MOST_MESSAGES: usize = 10;

/// How many names that nobody declared are listed, for the same reason.
const MOST_UNKNOWN: usize = 10;

/// A fault for each name of a source that no field has.
pub(super) fn unknown<'a>(
    names: impl Iterator<Item = Cow<'a, str>>,
    source: Source,
    fields: &[Field],
) -> Vec<Fault> {
    let mut found: Vec<Fault> = Vec::new();
    for name in names {
        let holds = |field: &Field| {
            field.source == source || (source, field.source) == (Source::Form, Source::File)
        };
        let declared = |field: &Field| holds(field) && field.alias == name;
        if fields.iter().any(declared) || found.iter().any(|fault| fault.name == name) {
            continue;
        }
        if found.len() == MOST_UNKNOWN {
            break;
        }
        found.push(Fault {
            source,
            name: name.into_owned(),
            message: "This field is not known.".to_owned(),
        });
    }
    found
}

/// A compiled parameter.
#[derive(Debug)]
pub(super) struct Field {
    pub alias: String,
    pub place: Place,
    pub many: bool,
    source: Source,
    scalar: Scalar,
    required: bool,
    checks: Checks,
    /// What a file may claim to be.
    content_types: Vec<MediaType>,
}

/// Where a parameter stands in a request.
#[derive(Debug)]
pub(super) enum Place {
    /// At this position among the captures.
    Path(usize),
    Query,
    Header(HeaderName),
    Cookie,
    Form,
    File,
}

impl Field {
    pub fn compile(parameter: &plan::Parameter, template: &[String]) -> Result<Self, PlanError> {
        let alias = &parameter.alias;
        let fault = |message: String| PlanError::new("alias", message);
        let place = match parameter.source {
            Source::Path => {
                let position = template.iter().position(|name| name == alias);
                Place::Path(position.ok_or_else(|| fault(format!("{alias:?} is not in the path")))?)
            }
            Source::Query => Place::Query,
            Source::Header => {
                let name = HeaderName::from_lowercase(alias.as_bytes());
                Place::Header(name.map_err(|_| fault(format!("{alias:?} is not a header name")))?)
            }
            Source::Cookie => Place::Cookie,
            Source::Form => Place::Form,
            Source::File => Place::File,
        };
        if parameter.many && matches!(place, Place::Path(_)) {
            return Err(PlanError::new(
                "many",
                "a path has one value for each parameter",
            ));
        }
        let content_types = match &parameter.scalar {
            Scalar::File { content_types, .. } => {
                media_types(content_types).map_err(|error| error.under("scalar.content_types"))?
            }
            _ => Vec::new(),
        };
        let is_file = matches!(parameter.scalar, Scalar::File { .. });
        if is_file != matches!(place, Place::File) {
            let message = "a file comes from the files of a form, and nothing else does";
            return Err(PlanError::new("scalar", message));
        }
        Ok(Self {
            content_types,
            alias: alias.clone(),
            place,
            many: parameter.many,
            source: parameter.source,
            scalar: parameter.scalar.clone(),
            required: parameter.required,
            checks: Checks::compile(parameter).map_err(|error| error.under("constraints"))?,
        })
    }

    /// Converts what was read; what is wrong with it goes to `faults`.
    pub fn convert(&self, texts: Texts<'_>, faults: &mut Faults) -> Value {
        self.convert_with(texts, faults, |text, messages| {
            self.convert_one(text, messages)
        })
    }

    /// The same for values that `one` converts.
    pub fn convert_with<T>(
        &self,
        mut items: SmallVec<[T; 1]>,
        faults: &mut Faults,
        one: impl Fn(T, &mut Vec<Message>) -> Option<Value>,
    ) -> Value {
        let mut messages = Vec::new();
        let value = if items.is_empty() {
            if self.required {
                messages.push(self.missing());
            }
            Value::Absent
        } else if self.many {
            self.convert_many(items, &mut messages, one)
        } else {
            let last = items.pop();
            last.and_then(|item| one(item, &mut messages))
                .unwrap_or(Value::Absent)
        };
        faults.0.extend(messages.into_iter().map(|message| Fault {
            source: self.source,
            name: self.alias.clone(),
            message: message.into_owned(),
        }));
        value
    }

    fn missing(&self) -> Message {
        match self.place {
            Place::File => "No file was submitted.".into(),
            _ => "This field is required.".into(),
        }
    }

    fn convert_many<T>(
        &self,
        items: SmallVec<[T; 1]>,
        messages: &mut Vec<Message>,
        one: impl Fn(T, &mut Vec<Message>) -> Option<Value>,
    ) -> Value {
        self.checks.count(items.len(), messages);
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let mut found = Vec::new();
            values.extend(one(item, &mut found));
            for message in found {
                if !messages.contains(&message) {
                    messages.push(message);
                }
            }
            if messages.len() >= MOST_MESSAGES {
                break;
            }
        }
        Value::Many(values)
    }

    fn convert_one(&self, text: Text<'_>, messages: &mut Vec<Message>) -> Option<Value> {
        let converted = match (&self.scalar, text) {
            (_, Err(message)) => Err(message),
            (Scalar::Union { of }, Ok(text)) => match any_of(of, &text) {
                Ok(value) => Ok(value),
                Err(found) => {
                    messages.extend(found);
                    return None;
                }
            },
            (single, Ok(text)) => coerce(single, text),
        };
        match converted {
            Ok(value) => {
                self.checks.value(&value, messages);
                Some(value)
            }
            Err(message) => {
                messages.push(message);
                None
            }
        }
    }

    /// A file, unless something is wrong with it.
    pub fn convert_file(&self, part: &Part, messages: &mut Vec<Message>) -> Option<Value> {
        let Part::File(upload) = part else {
            let message = "The submitted data was not a file. Check the encoding type on the form.";
            messages.push(message.into());
            return None;
        };
        if let Some(most) = upload.refused {
            messages.push(format!("Ensure this file has no more than {most} bytes.").into());
            return None;
        }
        if let Some(message) = refused_type(&self.content_types, upload) {
            messages.push(message.into());
        }
        Some(Value::File(Arc::clone(upload)))
    }
}
