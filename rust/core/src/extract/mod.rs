//! From text on the wire to the declared type, before Python is entered.

/// A converted parameter. The bridge gives each variant its Python object.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not sent: the declared default holds.
    Absent,
    /// Text.
    Str(String),
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
}
