//! What is wrong with the settings.

use std::fmt;

use super::node::Origin;

/// One mistake, with where it stands and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting as `section.key`; empty where a file cannot be read at all.
    pub path: String,
    /// Where it was written; none where it is missing.
    pub origin: Option<Origin>,
    /// What is wrong and what would be right.
    pub text: String,
}

/// Every mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.origin, self.path.is_empty()) {
            (Some(origin), true) => write!(f, "{origin}: {}", self.text),
            (Some(origin), false) => write!(f, "{} ({origin}): {}", self.path, self.text),
            (None, _) => write!(f, "{}: {}", self.path, self.text),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "a mistake in the settings: {one}"),
            many => {
                write!(f, "{} mistakes in the settings:", many.len())?;
                many.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
            }
        }
    }
}
