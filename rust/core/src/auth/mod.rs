//! Who is asking.

pub mod identity;
