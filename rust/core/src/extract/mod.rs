//! From text on the wire to the declared type, before Python is entered.

mod coerce;
mod constraints;
mod cookie;
mod field;
mod form;
mod header;
mod number;
mod query;

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::Faults;
use crate::form::Upload;
use crate::plan::{self, PlanError, Source};
use crate::request::Request;
use crate::router::Captures;
use compact_str::CompactString;
use field::{Field, Place, Texts};
use smallvec::smallvec;

/// A converted parameter. The bridge gives each variant its Python object.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not sent: the declared default holds.
    Absent,
    /// Text.
    Str(CompactString),
    /// A whole number that fits.
    Int(i64),
    /// A whole number that does not: its decimal digits, with a sign.
    BigInt(String),
    /// A finite double.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// RFC 9562.
    Uuid(uuid::Uuid),
    /// A calendar date.
    Date(speedate::Date),
    /// A date and time, with or without an offset.
    DateTime(speedate::DateTime),
    /// A time of day.
    Time(speedate::Time),
    /// A duration.
    Timedelta(speedate::Duration),
    /// A finite decimal number as Python's `Decimal` reads it.
    Decimal(String),
    /// Index into the parameter's closed list.
    Choice(usize),
    /// Repeated values.
    Many(Vec<Value>),
    /// A file.
    File(Arc<Upload>),
}

/// A route's declared parameters, ready to be read.
#[derive(Debug)]
pub struct Extractor {
    fields: Vec<Field>,
    /// Whether any field is read from the query string, which is parsed only then.
    query: bool,
    /// Whether any field is a cookie.
    cookies: bool,
    /// Whether any field is read from a form, after the others.
    form: bool,
    /// Where names that no field has are faults.
    closed: Vec<Source>,
    /// A name in the query string that is nobody's fault though no field has it.
    tolerated: Option<String>,
}

impl Extractor {
    /// Compiles the parameters of a route whose template has these names.
    ///
    /// # Errors
    ///
    /// Where a path parameter is not in the template, a constraint does not fit its type, or a
    /// pattern is not a regular expression. The error's path is relative to the route.
    pub fn compile(
        parameters: &[plan::Parameter],
        groups: &[plan::Group],
        template: &[String],
    ) -> Result<Self, PlanError> {
        let compile = |(index, parameter)| {
            Field::compile(parameter, template)
                .map_err(|error: PlanError| error.under(&format!("parameters[{index}]")))
        };
        let reads = |source| parameters.iter().any(|p| p.source == source);
        Ok(Self {
            fields: parameters
                .iter()
                .enumerate()
                .map(compile)
                .collect::<Result<_, _>>()?,
            query: reads(Source::Query),
            cookies: reads(Source::Cookie),
            form: reads(Source::Form) || reads(Source::File),
            closed: groups
                .iter()
                .filter(|group| group.closed)
                .map(|group| group.source)
                .collect(),
            tolerated: None,
        })
    }

    /// Has a name in the query string be no fault though no field has it.
    pub(crate) fn tolerate(&mut self, name: Option<&str>) {
        self.tolerated = name.map(str::to_owned);
    }

    /// Whether any parameter is a form's.
    #[must_use]
    pub fn reads_form(&self) -> bool {
        self.form
    }

    /// Reads and converts every parameter that is outside the body; the faults of all of them are
    /// collected. Those of a form are absent until [`Extractor::extract_form`].
    #[must_use]
    pub fn extract(&self, request: &Request, captures: &Captures) -> (Vec<Value>, Faults) {
        let mut faults = Faults::default();
        if self.fields.is_empty() && self.closed.is_empty() {
            return (Vec::new(), faults);
        }
        let mut query = if self.query {
            query::collect(request.uri().query().unwrap_or_default(), &self.fields)
        } else {
            query::Slots::new()
        };
        let cookies = if self.cookies {
            cookie::collect(request.headers(), &self.fields)
        } else {
            Vec::new()
        };
        let mut values = Vec::with_capacity(self.fields.len());
        for (index, field) in self.fields.iter().enumerate() {
            let texts: Texts<'_> = match &field.place {
                Place::Path(capture) => smallvec![Ok(captures[*capture].as_str().into())],
                Place::Query => std::mem::take(&mut query[index])
                    .into_iter()
                    .map(query::decode)
                    .collect(),
                Place::Header(name) => header::texts(request.headers(), name, field.many),
                Place::Form | Place::File => {
                    values.push(Value::Absent);
                    continue;
                }
                Place::Cookie => cookies[index].iter().copied().map(header::text).collect(),
            };
            values.push(field.convert(texts, &mut faults));
        }
        if self.closed.contains(&Source::Query) {
            let query = request.uri().query().unwrap_or_default();
            let tolerated = self.tolerated.as_deref();
            faults
                .0
                .extend(query::unknown(query, &self.fields, tolerated));
        }
        (values, faults)
    }
}

/// The last value of a name in a query string, decoded; `None` where it is not there, and text that
/// no name of ours is where it is not UTF-8.
pub(crate) fn last_query_value<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut values = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        query::decode(key)
            .is_ok_and(|key| key == name)
            .then_some(value)
    });
    let value = values.next_back()?;
    Some(query::decode(value).unwrap_or(Cow::Borrowed(value)))
}
