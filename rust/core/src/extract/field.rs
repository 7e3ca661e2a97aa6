//! One declared parameter: where it stands, what it must be.

use std::borrow::Cow;

use actix_http::header::HeaderName;
use smallvec::SmallVec;

use super::Value;
use super::coerce::{Message, any_of, coerce};
use super::constraints::Checks;
use crate::error::{Fault, Faults};
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
        let declared = |field: &Field| field.source == source && field.alias == name;
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
        };
        if parameter.many && matches!(place, Place::Path(_)) {
            return Err(PlanError::new(
                "many",
                "a path has one value for each parameter",
            ));
        }
        Ok(Self {
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
        let mut messages = Vec::new();
        let value = if texts.is_empty() {
            if self.required {
                messages.push("This field is required.".into());
            }
            Value::Absent
        } else if self.many {
            self.convert_many(texts, &mut messages)
        } else {
            let last = texts.into_iter().next_back();
            last.and_then(|text| self.convert_one(text, &mut messages))
                .unwrap_or(Value::Absent)
        };
        faults.0.extend(messages.into_iter().map(|message| Fault {
            source: self.source,
            name: self.alias.clone(),
            message: message.into_owned(),
        }));
        value
    }

    fn convert_many(&self, texts: Texts<'_>, messages: &mut Vec<Message>) -> Value {
        self.checks.count(texts.len(), messages);
        let mut values = Vec::with_capacity(texts.len());
        for text in texts {
            let mut found = Vec::new();
            values.extend(self.convert_one(text, &mut found));
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
}
