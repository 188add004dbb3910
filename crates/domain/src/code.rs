//! Short inline texts: currency codes and network names, cheap to copy and compare.

use std::{fmt, str};

/// A text of 1 to `N` printable ASCII characters without spaces, stored inline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

/// The code of a currency in the payment request API: an ISO 4217 code or a coin's ticker.
pub type Iso = Code<12>;

/// The name of a network as the payment request API says it, such as `bitcoin` or `tron`.
pub type NetworkName = Code<24>;

/// A text that is empty, too long or not printable ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is 1 to {max} printable ASCII characters without spaces")]
pub struct CodeRefused {
    /// The most characters this kind of code may have.
    pub max: usize,
}

impl<const N: usize> Code<N> {
    /// Takes the text as it is; no change of letter case.
    ///
    /// # Errors
    /// When the text is empty, longer than `N`, or has a byte outside printable ASCII.
    pub fn new(text: &str) -> Result<Self, CodeRefused> {
        let source = text.as_bytes();
        let ok = !source.is_empty() && source.iter().all(u8::is_ascii_graphic);
        let length = u8::try_from(source.len()).ok().filter(|_| ok && source.len() <= N);
        let length = length.ok_or(CodeRefused { max: N })?;
        let mut bytes = [0; N];
        bytes.iter_mut().zip(source).for_each(|(slot, byte)| *slot = *byte);
        Ok(Self { bytes, length })
    }

    /// A code written in the program itself, for constants and tables.
    ///
    /// # Panics
    /// When the text is refused by [`Self::new`]; in a constant that is a compile error.
    #[must_use]
    pub const fn constant(text: &'static str) -> Self {
        let source = text.as_bytes();
        assert!(!source.is_empty() && source.len() <= N && N < 256, "a code of 1 to N characters");
        let mut bytes = [0; N];
        let mut length = 0;
        let mut rest = source;
        let mut slots = bytes.as_mut_slice();
        while let ([byte, others @ ..], [slot, free @ ..]) = (rest, slots) {
            assert!(byte.is_ascii_graphic(), "a code is printable ASCII without spaces");
            *slot = *byte;
            length += 1;
            rest = others;
            slots = free;
        }
        Self { bytes, length }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Display for Code<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Code<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> str::FromStr for Code<N> {
    type Err = CodeRefused;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, CodeRefused, Iso};

    const BTC: Iso = Code::constant("BTC");

    #[test]
    fn a_code_keeps_its_text() {
        let longest = "ABCDEFGHIJKL";
        for text in ["B", "BTC", "BNB-BSC", longest] {
            let code = Iso::new(text).unwrap();
            assert_eq!(code.as_str(), text);
            assert_eq!(code.to_string(), text);
            assert_eq!(text.parse(), Ok(code));
        }
    }

    #[test]
    fn a_constant_is_the_same_as_a_parsed_code() {
        assert_eq!(BTC, Iso::new("BTC").unwrap());
        assert_ne!(BTC, Iso::new("btc").unwrap(), "letter case is part of a code");
    }

    #[test]
    fn empty_long_spaced_and_non_ascii_texts_are_refused() {
        for text in ["", "ABCDEFGHIJKLM", "BT C", " BTC", "BTC\0", "BTĆ", "ＢＴＣ", "B\nC"] {
            assert_eq!(Iso::new(text), Err(CodeRefused { max: 12 }), "{text:?}");
        }
    }

    #[test]
    fn codes_sort_by_their_text() {
        let mut codes = ["USDT", "ADA", "USD", "BTC"].map(|text| Iso::new(text).unwrap());
        codes.sort();
        assert_eq!(codes.map(|code| code.to_string()), ["ADA", "BTC", "USD", "USDT"]);
    }

    #[test]
    fn a_code_is_padded_like_any_text() {
        assert_eq!(format!("{BTC:>5}|{BTC:<5}|{BTC:?}"), "  BTC|BTC  |\"BTC\"");
    }
}
