//! Reading the document, and saying where it cannot be read.

use std::fmt;

use serde::Deserialize;

use super::{Plan, VERSION};

/// What is wrong with a plan, and where in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    path: String,
    message: String,
}

impl PlanError {
    /// A fault at a JSON path such as `routes[3].path`; an empty path is the whole document.
    #[must_use]
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }

    /// The JSON path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same fault, seen from an enclosing value.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => parent.to_owned(),
            path if path.starts_with('[') => format!("{parent}{path}"),
            path => format!("{parent}.{path}"),
        };
        self
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "plan: {}", self.message),
            path => write!(f, "plan, at {path}: {}", self.message),
        }
    }
}

impl std::error::Error for PlanError {}

/// The one field that is read before the version is known to be ours.
#[derive(Deserialize)]
struct Stamp {
    version: u32,
}

/// Reads the document.
///
/// # Errors
///
/// Where the document is not JSON, has another version, or holds what this crate does not know.
pub fn read(document: &[u8]) -> Result<Plan, PlanError> {
    let stamp: Stamp = deserialize(document)?;
    if stamp.version != VERSION {
        let found = stamp.version;
        let message = format!("version {found} is not {VERSION}, the one that is read here");
        return Err(PlanError::new("version", message));
    }
    deserialize(document)
}

fn deserialize<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T, PlanError> {
    let mut json = serde_json::Deserializer::from_slice(document);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = match error.path().to_string() {
            root if root == "." => String::new(),
            path => path,
        };
        PlanError::new(path, error.into_inner().to_string())
    })?;
    json.end()
        .map_err(|error| PlanError::new("", error.to_string()))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = r#"{"version": 1, "service": {"debug": false, "max_body_size": null,
        "error_format": "drf", "error_codes": false, "file_roots": null}, "authenticators": [], "routes": []}"#;

    #[test]
    fn an_empty_plan_is_read() {
        assert!(read(EMPTY.as_bytes()).unwrap().routes.is_empty());
    }

    #[test]
    fn faults_name_their_path() {
        let cases = [
            (EMPTY.replace("\"version\": 1", "\"version\": 2"), "version"),
            (EMPTY.replace("\"drf\"", "\"xml\""), "service.error_format"),
            (EMPTY.replace("\"debug\"", "\"debugg\""), "service.debugg"),
            (
                EMPTY.replace("\"routes\": []", "\"routes\": [{}]"),
                "routes[0]",
            ),
            (EMPTY.replace("\"routes\": []", "\"extra\": []"), "extra"),
            (format!("{EMPTY} x"), ""),
            ("[]".to_owned(), ""),
        ];
        for (document, path) in cases {
            let error = read(document.as_bytes()).unwrap_err();
            assert_eq!(error.path(), path, "{error}");
        }
    }

    #[test]
    fn a_fault_is_moved_under_its_parent() {
        let cases = [("", "a"), ("b", "a.b"), ("[0].b", "a[0].b")];
        for (path, expected) in cases {
            assert_eq!(PlanError::new(path, "x").under("a").path(), expected);
        }
    }
}
