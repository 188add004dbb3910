//! Strict reading of JSON: what could be read in two ways is refused, and nothing is lost.
//!
//! Beyond RFC 8259: no key twice in one object, also inside fields nobody reads (receivers differ
//! in which one they take); at most [`MAX_DEPTH`] levels; numbers stay the text they were, so
//! `1e400` and a 30-digit amount are as exact as any other.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How many objects and arrays may stand inside each other.
pub const MAX_DEPTH: usize = 64;
/// How many repeated keys are named; the rest are refused with them.
const MAX_NAMED: usize = 16;
/// Up to so many members are compared pair by pair; more are sorted first.
const PAIRWISE: usize = 24;
/// So many characters of a value or key are shown in a sentence.
const SHOWN: usize = 40;

/// A JSON value that borrows from the body wherever it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was spelled.
    Number(&'a str),
    /// A string, its escapes undone.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Value<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// The members of an object in the order of the body; every key is there once.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// A body that is not taken as JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonRefused {
    /// Not JSON: bad UTF-8, bad syntax, or something after the value.
    #[error("the body is not JSON")]
    Syntax,
    /// Objects and arrays inside each other beyond [`MAX_DEPTH`].
    #[error("the body has more than {MAX_DEPTH} levels of objects and arrays")]
    TooDeep,
    /// JSON, but these keys (dotted paths) stand twice in one object.
    #[error("the body has keys that are given more than once: {}", .0.join(", "))]
    Repeated(Vec<String>),
}

impl<'a> Object<'a> {
    /// The member of that name; `null` counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        (*value != Value::Null).then_some(value)
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }
}

impl Value<'_> {
    /// The value as the body has it, short enough for a sentence: strings in quotes.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) => shortened(text),
            Self::Text(text) => quoted(text),
            Self::List(_) => "an array".to_owned(),
            Self::Object(_) => "an object".to_owned(),
        }
    }
}

/// A text in quotes, escaped as JSON and short enough for a sentence.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::to_string(&shortened(text)).unwrap_or_default()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Reads a body.
///
/// # Errors
/// [`JsonRefused`]; repeated keys are named only when the body is JSON otherwise.
pub fn read(body: &[u8]) -> Result<Value<'_>, JsonRefused> {
    let text = std::str::from_utf8(body).map_err(|_| JsonRefused::Syntax)?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let mut found = Found::default();
    let scalar = !text.starts_with(['{', '[']);
    let value = match scalar {
        true => serde_json::from_str::<&RawValue>(text)
            .and_then(|raw| read_text(raw.get(), 0, None, &mut found)),
        false => read_text(text, 0, None, &mut found),
    };
    match value {
        _ if found.too_deep => Err(JsonRefused::TooDeep),
        Err(_) => Err(JsonRefused::Syntax),
        Ok(_) if !found.repeated.is_empty() => Err(JsonRefused::Repeated(found.repeated)),
        Ok(value) => Ok(value),
    }
}

/// Reads a body whose members are looked up by name. What clients send for "no parameters"
/// (`{}`, `[]` and `null`, spec 2.3) is an object without members.
///
/// # Errors
/// [`JsonRefused::Syntax`] for any other value than an object, and whatever [`read`] refuses.
pub fn read_object(body: &[u8]) -> Result<Object<'_>, JsonRefused> {
    match read(body)? {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Object::default()),
        Value::List(list) if list.is_empty() => Ok(Object::default()),
        _ => Err(JsonRefused::Syntax),
    }
}

/// What was found besides values.
#[derive(Default)]
struct Found {
    repeated: Vec<String>,
    too_deep: bool,
}

/// Where in the body we are; lives on the stack and becomes text only for a sentence.
#[derive(Clone, Copy)]
struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    name: Name<'p>,
}

#[derive(Clone, Copy)]
enum Name<'p> {
    Key(&'p str),
    Index(usize),
}

impl Place<'_> {
    fn path(&self) -> String {
        let name = match self.name {
            Name::Key(key) => shortened(key),
            Name::Index(index) => index.to_string(),
        };
        match self.parent {
            Some(parent) => format!("{}.{name}", parent.path()),
            None => name,
        }
    }
}

/// Reads one value whose text has no space around it. A scalar's text is known to be JSON; the
/// syntax of objects and arrays is checked here, one level at a time: `RawValue` skips over what is
/// inside without recursion, so that depth costs no stack before it is counted.
fn read_text<'a>(
    text: &'a str,
    depth: usize,
    place: Option<&Place<'_>>,
    found: &mut Found,
) -> Result<Value<'a>, serde_json::Error> {
    let first = text.as_bytes().first().copied().unwrap_or_default();
    if matches!(first, b'{' | b'[') && depth >= MAX_DEPTH {
        found.too_deep = true;
        return Err(de::Error::custom("too deep"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let inside = Inside { depth: depth.saturating_add(1), place, found };
    let value = match first {
        b'{' => reader.deserialize_map(inside)?,
        b'[' => reader.deserialize_seq(inside)?,
        b'"' => Value::Text(TextSeed.deserialize(&mut reader)?),
        b'n' => return Ok(Value::Null),
        b't' => return Ok(Value::Bool(true)),
        b'f' => return Ok(Value::Bool(false)),
        _ => return Ok(Value::Number(text)),
    };
    reader.end()?;
    Ok(value)
}

struct Inside<'p, 'f> {
    depth: usize,
    place: Option<&'p Place<'p>>,
    found: &'f mut Found,
}

impl<'de> Visitor<'de> for Inside<'_, '_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut members = Vec::with_capacity(if self.depth == 1 { 12 } else { 3 });
        while let Some(key) = map.next_key_seed(TextSeed)? {
            let raw: &'de RawValue = map.next_value()?;
            let place = Place { parent: self.place, name: Name::Key(&key) };
            let value = read_text(raw.get(), self.depth, Some(&place), self.found)
                .map_err(de::Error::custom)?;
            members.push((key, value));
        }
        for key in repeated(&members) {
            if self.found.repeated.len() < MAX_NAMED {
                let place = Place { parent: self.place, name: Name::Key(key) };
                self.found.repeated.push(place.path());
            }
        }
        Ok(Value::Object(Object(members)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(raw) = list.next_element::<&'de RawValue>()? {
            let place = Place { parent: self.place, name: Name::Index(values.len()) };
            let value = read_text(raw.get(), self.depth, Some(&place), self.found)
                .map_err(de::Error::custom)?;
            values.push(value);
        }
        Ok(Value::List(values))
    }
}

/// The keys that occur more than once, each once.
fn repeated<'k>(members: &'k [(Cow<'_, str>, Value<'_>)]) -> Vec<&'k str> {
    if members.len() <= PAIRWISE {
        let unique = members
            .iter()
            .enumerate()
            .all(|(index, (key, _))| members.iter().take(index).all(|(earlier, _)| earlier != key));
        if unique {
            return Vec::new();
        }
    }
    let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
    keys.sort_unstable();
    let mut twice: Vec<&str> =
        keys.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    twice.dedup();
    twice
}

/// Reads a string, borrowed unless it has escapes.
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
