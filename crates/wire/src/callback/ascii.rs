//! JSON in ASCII: what lies beyond is escaped as UTF-16, as `json_encode` of PHP does it.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Renders a value without spaces and without a byte above 0x7f.
pub(super) fn to_vec(value: &impl Serialize) -> Vec<u8> {
    let mut body = Vec::with_capacity(1_024);
    // A Vec takes every byte and callback bodies have string keys only, so it cannot fail.
    let written = value.serialize(&mut Serializer::with_formatter(&mut body, Ascii));
    debug_assert!(written.is_ok());
    body
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if c.is_ascii() {
                write!(writer, "{c}")?;
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_beyond_ascii_are_escaped_as_php_does_it() {
        let text = "M\u{fc}ller \u{1f600} \"q\" \\ / \u{7f}\u{1f}\n";
        let expected = r#""M\u00fcller \ud83d\ude00 \"q\" \\ / "#.to_owned() + "\u{7f}\\u001f\\n\"";
        assert_eq!(String::from_utf8(to_vec(&text)).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn every_text_is_ascii_and_reads_back(text in any::<String>()) {
            let body = to_vec(&text);
            prop_assert!(body.is_ascii());
            prop_assert_eq!(serde_json::from_slice::<String>(&body).unwrap(), text);
        }
    }
}
