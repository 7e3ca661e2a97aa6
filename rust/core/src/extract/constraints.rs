//! What a converted value must satisfy.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};

use super::Value;
use super::coerce::Message;
use super::number::Number;
use crate::plan::{Constraints, Parameter, PlanError, Scalar};

/// Largest compiled pattern, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// The compiled constraints of one parameter.
#[derive(Debug)]
pub(super) struct Checks {
    bounds: Vec<Bound>,
    characters: Length,
    items: Length,
    pattern: Option<Regex>,
}

#[derive(Debug, Default)]
struct Length {
    least: Option<usize>,
    most: Option<usize>,
}

/// One of `ge`, `gt`, `le` and `lt`.
#[derive(Debug)]
struct Bound {
    limit: f64,
    /// The limit as its author wrote it: a whole number has all its digits, and `0.1` is a tenth
    /// although no double is.
    text: String,
    /// The same, as a number.
    exact: Number,
    /// The limit rounded down, or the nearest `i128`, which is beyond every `i64` too.
    floor: i128,
    relation: Relation,
}

#[derive(Debug, Clone, Copy)]
enum Relation {
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl Checks {
    /// Compiles the constraints; each must mean something for the parameter's type.
    pub fn compile(parameter: &Parameter) -> Result<Self, PlanError> {
        let Constraints {
            min_length,
            max_length,
            pattern,
            ..
        } = &parameter.constraints;
        let text = parameter
            .scalar
            .alternatives()
            .iter()
            .any(|scalar| matches!(scalar, Scalar::Str {}));
        let length = Length {
            least: *min_length,
            most: *max_length,
        };
        let (characters, items) = match (parameter.many, text) {
            (true, _) => (Length::default(), length),
            (false, true) => (length, Length::default()),
            (false, false) if length.is_set() => {
                return Err(PlanError::new(
                    "",
                    "a length limits text or repeated values",
                ));
            }
            (false, false) => (Length::default(), Length::default()),
        };
        Ok(Self {
            bounds: bounds(parameter)?,
            characters,
            items,
            pattern: match pattern {
                Some(_) if !text => {
                    return Err(PlanError::new("pattern", "a pattern limits text"));
                }
                Some(pattern) => Some(compile_pattern(pattern)?),
                None => None,
            },
        })
    }

    /// Checks one converted value.
    pub fn value(&self, value: &Value, messages: &mut Vec<Message>) {
        messages.extend(self.bounds.iter().filter_map(|bound| bound.check(value)));
        let Value::Str(text) = value else { return };
        if self.characters.is_set() {
            let count = text.chars().count();
            self.characters.check(count, "characters", messages);
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(text)
        {
            messages.push("This value does not match the required pattern.".into());
        }
    }

    /// Checks how many values there are.
    pub fn count(&self, count: usize, messages: &mut Vec<Message>) {
        self.items.check(count, "elements", messages);
    }
}

impl Length {
    fn is_set(&self) -> bool {
        self.least.is_some() || self.most.is_some()
    }

    fn check(&self, length: usize, unit: &str, messages: &mut Vec<Message>) {
        if let Some(least) = self.least.filter(|least| length < *least) {
            messages.push(format!("Ensure this field has at least {least} {unit}.").into());
        }
        if let Some(most) = self.most.filter(|most| length > *most) {
            messages.push(format!("Ensure this field has no more than {most} {unit}.").into());
        }
    }
}

impl Bound {
    fn check(&self, value: &Value) -> Option<Message> {
        let order = match value {
            Value::Int(value) => self.compare(*value),
            Value::Float(value) => value.partial_cmp(&self.limit)?,
            Value::BigInt(digits) | Value::Decimal(digits) => {
                Number::parse(digits)?.cmp(&self.exact)
            }
            _ => return None,
        };
        if self.relation.holds(order) {
            return None;
        }
        let (words, limit) = (self.relation.words(), &self.text);
        Some(format!("Ensure this value is {words} {limit}.").into())
    }

    /// Compares without rounding the whole number to a double.
    fn compare(&self, value: i64) -> Ordering {
        let whole = self.limit.fract() == 0.0;
        match i128::from(value).cmp(&self.floor) {
            Ordering::Equal if !whole => Ordering::Less,
            order => order,
        }
    }
}

/// A whole double prints all its digits, so that no cast has to be trusted.
fn floor(limit: f64) -> i128 {
    let beyond = if limit < 0.0 { i128::MIN } else { i128::MAX };
    format!("{:.0}", limit.floor()).parse().unwrap_or(beyond)
}

fn text(limit: f64) -> String {
    if limit.fract() == 0.0 {
        // Adding zero takes the sign of a negative zero.
        format!("{:.0}", limit + 0.0)
    } else {
        limit.to_string()
    }
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::AtLeast => order.is_ge(),
            Self::Above => order.is_gt(),
            Self::AtMost => order.is_le(),
            Self::Below => order.is_lt(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "greater than or equal to",
            Self::Above => "greater than",
            Self::AtMost => "less than or equal to",
            Self::Below => "less than",
        }
    }
}

fn bounds(parameter: &Parameter) -> Result<Vec<Bound>, PlanError> {
    let Constraints { ge, gt, le, lt, .. } = parameter.constraints;
    let declared = [
        ("ge", ge, Relation::AtLeast),
        ("gt", gt, Relation::Above),
        ("le", le, Relation::AtMost),
        ("lt", lt, Relation::Below),
    ];
    let numeric = parameter.scalar.alternatives().iter().any(|scalar| {
        matches!(
            scalar,
            Scalar::Int {} | Scalar::Float {} | Scalar::Decimal {}
        )
    });
    let mut bounds = Vec::new();
    for (name, limit, relation) in declared {
        let Some(limit) = limit else { continue };
        if !numeric {
            return Err(PlanError::new(name, "a bound limits numbers"));
        }
        let text = text(limit);
        let exact =
            Number::parse(&text).ok_or_else(|| PlanError::new(name, "a bound is finite"))?;
        bounds.push(Bound {
            limit,
            text,
            exact,
            floor: floor(limit),
            relation,
        });
    }
    Ok(bounds)
}

fn compile_pattern(pattern: &str) -> Result<Regex, PlanError> {
    RegexBuilder::new(pattern)
        .size_limit(PATTERN_SIZE)
        .build()
        .map_err(|error| PlanError::new("pattern", error.to_string()))
}
