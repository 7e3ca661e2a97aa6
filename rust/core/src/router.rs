//! One tree of paths whose leaves hold method tables.

use smallvec::SmallVec;

/// The values of a path template, percent-decoded once, in the template's order.
pub type Captures = SmallVec<[String; 4]>;
