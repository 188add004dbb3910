//! One text, and one text with its values, escaped when written.

use std::fmt;

use askama::filters::{Html as HtmlSyntax, HtmlSafe, escape};

/// A text of one language, with places such as `{amount}` for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase(&'static str);

/// A piece of HTML that our own code made; written as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Html(String);

/// A text whose places have values. Displayed it is HTML: the text and plain values are escaped,
/// values that are [`Html`] are not. A value is never searched for places.
#[derive(Clone, Debug)]
pub struct Filled {
    phrase: Phrase,
    values: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug)]
enum Value {
    Plain(String),
    Html(Html),
}

impl Phrase {
    /// A text as it stands in its file.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// The text with its places as they stand; scripts fill them in the browser.
    #[must_use]
    pub const fn raw(self) -> &'static str {
        self.0
    }

    /// The text with one place filled by a plain value.
    #[must_use]
    pub fn with(self, place: &'static str, value: impl fmt::Display) -> Filled {
        Filled { phrase: self, values: Vec::new() }.with(place, value)
    }

    /// The text with one place filled by HTML.
    #[must_use]
    pub fn html(self, place: &'static str, value: Html) -> Filled {
        Filled { phrase: self, values: Vec::new() }.html(place, value)
    }

    /// The names of its places.
    pub fn places(self) -> impl Iterator<Item = &'static str> {
        self.0.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
    }
}

impl Html {
    /// Plain text, escaped.
    #[must_use]
    pub fn text(value: impl fmt::Display) -> Self {
        Self(escape(value, HtmlSyntax).map_or_else(|never| match never {}, |safe| safe.to_string()))
    }

    /// Markup made by our own code from constants and escaped values.
    #[must_use]
    pub const fn trusted(markup: String) -> Self {
        Self(markup)
    }

    /// The markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Filled {
    /// Fills one more place with a plain value.
    #[must_use]
    pub fn with(mut self, place: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((place, Value::Plain(value.to_string())));
        self
    }

    /// Fills one more place with HTML.
    #[must_use]
    pub fn html(mut self, place: &'static str, value: Html) -> Self {
        self.values.push((place, Value::Html(value)));
        self
    }

    /// The text as it is read, nothing escaped; for places that escape by themselves. A value
    /// that is [`Html`] has no plain reading and is left out.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut text = String::new();
        for (words, value) in self.pieces() {
            text.push_str(words);
            if let Some(Value::Plain(value)) = value {
                text.push_str(value);
            }
        }
        text
    }

    /// The words before each place with the place's value, then the words after the last.
    fn pieces(&self) -> impl Iterator<Item = (&'static str, Option<&Value>)> {
        let mut rest = Some(self.phrase.0);
        std::iter::from_fn(move || {
            let (words, after) = rest.map(|text| text.split_once('{').unwrap_or((text, "")))?;
            let (place, next) = after.split_once('}').unwrap_or(("", ""));
            rest = (!after.is_empty()).then_some(next);
            let value = self.values.iter().find(|(name, _)| *name == place);
            Some((words, value.map(|(_, value)| value)))
        })
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (words, value) in self.pieces() {
            f.write_str(Html::text(words).as_str())?;
            match value {
                Some(Value::Plain(value)) => f.write_str(Html::text(value).as_str())?,
                Some(Value::Html(html)) => f.write_str(html.as_str())?,
                None => {}
            }
        }
        Ok(())
    }
}

impl HtmlSafe for Html {}
impl HtmlSafe for Filled {}

#[cfg(test)]
mod tests {
    use super::{Html, Phrase};

    #[test]
    fn values_are_escaped_and_never_searched_for_places() {
        let phrase = Phrase::new("Pay {shop} & {amount}");
        let filled = phrase.with("shop", "<b>{amount}</b>").with("amount", "1\"");
        assert_eq!(filled.to_string(), "Pay &#60;b&#62;{amount}&#60;/b&#62; &#38; 1&#34;");
        assert_eq!(filled.plain(), "Pay <b>{amount}</b> & 1\"");
    }

    #[test]
    fn html_is_written_as_it_is() {
        let filled = Phrase::new("{left} left").html("left", Html::trusted("<b>5</b>".into()));
        assert_eq!(filled.to_string(), "<b>5</b> left");
    }
}
