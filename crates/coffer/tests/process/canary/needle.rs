//! A text to be searched for, in every spelling in which it might be written down.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// The spellings of a text, each with the name of its form.
pub struct Needle {
    spellings: Vec<(&'static str, Vec<u8>)>,
}

/// Bytes shown around what was found.
const AROUND: usize = 80;

impl Needle {
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut spellings = vec![
            ("plain", bytes.to_vec()),
            ("upper case", text.to_uppercase().into_bytes()),
            ("lower case", text.to_lowercase().into_bytes()),
            ("hex", hex::encode(bytes).into_bytes()),
            ("upper hex", hex::encode_upper(bytes).into_bytes()),
            ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("percent-encoded", percent(text, |c| !c.is_ascii_alphanumeric()).into_bytes()),
            (
                "percent-encoded, but for marks",
                percent(text, |c| !c.is_ascii_alphanumeric() && !"-._~".contains(c)).into_bytes(),
            ),
            ("JSON escapes", json(text, |c| !c.is_ascii_alphanumeric()).into_bytes()),
            ("JSON escapes throughout", json(text, |_| true).into_bytes()),
            ("list of numbers", format!("{bytes:?}").trim_matches(['[', ']']).into()),
        ];
        for special in ['@', '+', '.', '-'] {
            if text.contains(special) {
                spellings.push(("JSON escape", json(text, |c| c == special).into_bytes()));
            }
        }
        for before in 0..3 {
            spellings.push(("base64", encoded(bytes, before, |b| STANDARD_NO_PAD.encode(b))));
            spellings.push(("URL base64", encoded(bytes, before, |b| URL_SAFE_NO_PAD.encode(b))));
        }
        if let [year, month, day] = text.split('-').collect::<Vec<_>>()[..]
            && year.parse::<u16>().is_ok()
        {
            for other in [
                format!("{day}.{month}.{year}"),
                format!("{month}/{day}/{year}"),
                format!("{day}/{month}/{year}"),
                format!("{year}/{month}/{day}"),
            ] {
                spellings.push(("other form of the date", other.into_bytes()));
            }
        }
        Self { spellings }
    }

    /// The first spelling that is there, with what stands around it.
    pub fn find(&self, hay: &[u8]) -> Option<String> {
        self.spellings.iter().find_map(|(form, spelling)| {
            // Windows of a whole database are slow; most places do not even have the first byte.
            let (first, rest) = spelling.split_first()?;
            let mut from = 0;
            while let Some(at) = hay[from..].iter().position(|byte| byte == first) {
                let start = from + at;
                if hay[start + 1..].starts_with(rest) {
                    let end = (start + spelling.len() + AROUND).min(hay.len());
                    let shown = String::from_utf8_lossy(&hay[start.saturating_sub(AROUND)..end]);
                    return Some(format!("{form}: …{shown}…"));
                }
                from = start + 1;
            }
            None
        })
    }
}

/// The letters of base64 that depend on these bytes alone, when so many bytes of a group of three
/// stand before them.
fn encoded(bytes: &[u8], before: usize, encode: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
    let encoded = encode(&padded);
    let first = (before * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded.as_bytes()[first..last].to_vec()
}

fn percent(text: &str, escape: impl Fn(char) -> bool) -> String {
    let show = |c: char| if escape(c) { format!("%{:02X}", c as u32) } else { c.to_string() };
    text.chars().map(show).collect()
}

fn json(text: &str, escape: impl Fn(char) -> bool) -> String {
    let show = |c: char| if escape(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "canary+1@example.com";

    #[test]
    fn every_spelling_is_found_anywhere() {
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "z"] {
                let whole = format!("{before}{TEXT}{after}");
                for hay in [
                    whole.clone(),
                    whole.to_uppercase(),
                    hex::encode(&whole),
                    hex::encode_upper(&whole),
                    STANDARD_NO_PAD.encode(&whole),
                    URL_SAFE_NO_PAD.encode(&whole),
                    whole.replace('@', "\\u0040"),
                    whole.replace('+', "%2B").replace('@', "%40"),
                    format!("{:?}", whole.as_bytes()),
                ] {
                    let hay = format!("{{\"x\":\"{hay}\"}}");
                    assert!(Needle::of(TEXT).find(hay.as_bytes()).is_some(), "{hay}");
                }
            }
        }
    }

    #[test]
    fn a_date_is_found_in_other_orders() {
        for hay in ["1937-03-19", "19.03.1937", "03/19/1937", "1937/03/19"] {
            assert!(Needle::of("1937-03-19").find(hay.as_bytes()).is_some(), "{hay}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let hay = "canary+2@example.com canary+1@example.org Y2FuYXJ5KzJAZXhhbXBsZS5jb20";
        assert!(Needle::of(TEXT).find(hay.as_bytes()).is_none());
        assert!(Needle::of("1937-03-19").find(b"1937-03-20 20.03.1937").is_none());
    }
}
