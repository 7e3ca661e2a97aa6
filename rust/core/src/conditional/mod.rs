//! Conditional requests and ranges: RFC 9110, sections 8.8, 13 and 14.

pub mod entity_tag;
pub mod http_date;
pub mod preconditions;
pub mod range;
pub mod reply;
