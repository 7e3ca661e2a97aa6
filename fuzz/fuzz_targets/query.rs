//! Query strings, and every scalar in them.
#![no_main]

use std::sync::LazyLock;

use bolt_core::extract::{Extractor, Value};
use bolt_fuzz::{check, extract, extractor};
use libfuzzer_sys::fuzz_target;

static EXTRACTOR: LazyLock<Extractor> = LazyLock::new(|| extractor("query"));

fuzz_target!(|query: &str| {
    let Some((values, faults)) = extract(&EXTRACTOR, &format!("/?{query}"), None) else {
        return; // no request target
    };
    check(&values, &faults);
    if !faults.0.is_empty() {
        return;
    }
    // As the URL standard reads it, where that has nothing to replace. A fragment is not sent.
    let query = query.split('#').next().unwrap_or_default();
    let named: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "s")
        .map(|(_, value)| value)
        .collect();
    if query.contains("%EF%BF%BD") || named.iter().any(|value| value.contains('\u{fffd}')) {
        return;
    }
    let (one, all) = (&values[values.len() - 2], &values[values.len() - 1]);
    let Some(last) = named.last() else {
        assert_eq!((one, all), (&Value::Absent, &Value::Absent));
        return;
    };
    assert_eq!(one, &Value::Str(last.as_ref().into()));
    let every = named.iter().map(|value| Value::Str(value.as_ref().into()));
    assert_eq!(all, &Value::Many(every.collect()));
});
