//! Fields that hold text.

use crate::{
    error::{FieldErrors, words},
    json::{Object, Value},
};

/// What a text field may hold.
pub(super) struct TextRule {
    /// The member's name inside its object.
    pub(super) name: &'static str,
    /// The field as errors name it: with the object's name and a dot before it, where it has one.
    pub(super) field: &'static str,
    /// The most characters (Unicode scalar values).
    pub(super) max: usize,
    /// Whether line breaks and tabs may stand in it.
    pub(super) lines: bool,
}

impl TextRule {
    /// Reads the field; absent, `null` and anything that breaks the rule (which is then among the
    /// errors) give nothing.
    pub(super) fn read<'o>(
        &self,
        object: &'o Object<'_>,
        errors: &mut FieldErrors,
    ) -> Option<&'o str> {
        let value = object.get(self.name)?;
        match self.check(value) {
            Ok(text) => Some(text),
            Err(wrong) => {
                errors.add(self.field, format!("The {} {wrong}.", words(self.field)));
                None
            }
        }
    }

    fn check<'o>(&self, value: &'o Value<'_>) -> Result<&'o str, String> {
        let Value::Text(text) = value else { return Err("must be a string".to_owned()) };
        let allowed = |c: char| !c.is_control() || self.lines && matches!(c, '\n' | '\r' | '\t');
        if text.trim().is_empty() {
            Err("must not be empty; leave it out instead".to_owned())
        } else if text.chars().nth(self.max).is_some() {
            Err(format!("must not be greater than {} characters", self.max))
        } else if !text.chars().all(allowed) {
            Err("must not contain control characters".to_owned())
        } else {
            Ok(text)
        }
    }
}
