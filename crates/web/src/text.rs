//! What people read: every text of the pages, one file per language under `text/`.
//!
//! A file is lines of `key = text`; `#` begins a comment line, `{name}` is a place for a value.
//! The keys are the fields of [`Text`], so that a template naming a text that is not there does
//! not compile, and a test refuses a file that lacks one.

mod keys;
mod phrase;

pub use keys::{KEYS, Text};
pub use phrase::{Filled, Html, Phrase};

use std::sync::LazyLock;

/// A language the pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// English; where nothing better is known.
    English,
    /// German.
    German,
    /// Arabic.
    Arabic,
}

static ENGLISH: LazyLock<Text> = LazyLock::new(|| Text::of(Language::English.source()));
static GERMAN: LazyLock<Text> = LazyLock::new(|| Text::of(Language::German.source()));
static ARABIC: LazyLock<Text> = LazyLock::new(|| Text::of(Language::Arabic.source()));

impl Language {
    /// Every language, the one to fall back to first.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::Arabic];

    /// Its tag (BCP 47), for `lang` and `hreflang`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Arabic => "ar",
        }
    }

    /// The direction it is written in, for `dir`.
    #[must_use]
    pub const fn dir(self) -> &'static str {
        match self {
            Self::English | Self::German => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// Its name in itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Arabic => "العربية",
        }
    }

    /// Its texts.
    #[must_use]
    pub fn text(self) -> &'static Text {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::Arabic => &ARABIC,
        }
    }

    /// The language of that tag, its region ignored.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language asked for by an `Accept-Language` header (RFC 9110 §12.5.4): the known one
    /// with the greatest weight, the earlier of equals; English where none is known.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut best = (0, Self::English);
        for range in header.split(',').take(32) {
            let mut parts = range.split(';');
            let known = Self::parse(parts.next().unwrap_or_default());
            let weight =
                parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1_000, weight);
            if let Some(language) = known.filter(|_| weight > best.0) {
                best = (weight, language);
            }
        }
        best.1
    }

    /// A plain decimal such as `1234.50`, grouped and pointed as this language writes it. For
    /// reading only: an amount to be copied or typed stays plain.
    #[must_use]
    pub fn number(self, plain: &str) -> String {
        let (group, point) = match self {
            Self::English | Self::Arabic => (',', '.'),
            Self::German => ('.', ','),
        };
        let (whole, fraction) = plain.split_once('.').map_or((plain, None), |(w, f)| (w, Some(f)));
        let length = whole.chars().count();
        let mut text = String::with_capacity(plain.len().saturating_add(8));
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && length > 4 && length.saturating_sub(index) % 3 == 0 {
                text.push(group);
            }
            text.push(digit);
        }
        if let Some(fraction) = fraction {
            text.push(point);
            text.push_str(fraction);
        }
        text
    }

    const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../text/en.properties"),
            Self::German => include_str!("../text/de.properties"),
            Self::Arabic => include_str!("../text/ar.properties"),
        }
    }
}

/// A quality value in thousandths; what is not one counts as nothing.
fn weight(text: &str) -> u32 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let thousandths =
        format!("{fraction:0<3}").get(..3).and_then(|three| three.parse::<u32>().ok());
    match (whole, thousandths) {
        ("1", Some(_)) => 1_000,
        ("0", Some(part)) => part,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{KEYS, Language, Phrase};

    fn pairs(language: Language) -> Vec<(&'static str, &'static str)> {
        let lines = language.source().lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.split_once(" = ").expect("key = text")).collect()
    }

    #[test]
    fn every_language_has_every_text_once_and_no_other() {
        for language in Language::ALL {
            let keys: Vec<_> = pairs(language).into_iter().map(|(key, _)| key).collect();
            let set: BTreeSet<_> = keys.iter().copied().collect();
            assert_eq!(keys.len(), set.len(), "{language:?} says a key twice");
            assert_eq!(set, KEYS.iter().copied().collect(), "{language:?}");
            assert!(pairs(language).iter().all(|(_, text)| !text.trim().is_empty()));
        }
    }

    #[test]
    fn every_language_has_the_same_places_for_values() {
        for key in KEYS {
            let places = |language| {
                let text = pairs(language).into_iter().find(|(found, _)| found == key);
                Phrase::new(text.expect("checked above").1).places().collect::<BTreeSet<_>>()
            };
            for language in Language::ALL {
                // The Arabic dual says its number by itself.
                if (language, *key) != (Language::Arabic, "unit_days_two") {
                    assert_eq!(places(Language::English), places(language), "{language:?}: {key}");
                }
            }
        }
    }

    #[test]
    fn values_in_a_text_from_right_to_left_keep_their_own_direction() {
        let right_to_left = Language::ALL.into_iter().filter(|language| language.dir() == "rtl");
        for (key, text) in right_to_left.flat_map(pairs) {
            for (before, after) in text.split('{').zip(text.split('{').skip(1)) {
                assert!(before.ends_with('\u{2068}'), "{key}: {text}");
                let after = after.split_once('}').map(|(_, after)| after);
                assert!(after.is_some_and(|text| text.starts_with('\u{2069}')), "{key}: {text}");
            }
            assert!(!text.chars().any(|c| ('٠'..='٩').contains(&c)), "{key} has other digits");
        }
    }

    #[test]
    fn no_text_shouts_or_stalls() {
        for (key, text) in Language::ALL.into_iter().flat_map(pairs) {
            let lower = text.to_lowercase();
            for banned in ["!", "please wait", "oops", "bitte warten", "hoppla", "leider"] {
                assert!(!lower.contains(banned), "{key}: {banned}");
            }
        }
    }

    #[test]
    fn the_greatest_weight_chooses_the_language() {
        assert_eq!(Language::accepted("de-AT,de;q=0.9,en;q=0.8"), Language::German);
        assert_eq!(Language::accepted("fr, en;q=0.5, de;q=0.7"), Language::German);
        assert_eq!(Language::accepted("en;q=0.7,de;q=0.7"), Language::English);
        assert_eq!(Language::accepted("ar-EG,en;q=0.5"), Language::Arabic);
        assert_eq!(Language::accepted("de;q=0"), Language::English);
        assert_eq!(Language::accepted("x;q=ä,,;;="), Language::English);
    }

    #[test]
    fn numbers_for_reading_follow_the_language() {
        assert_eq!(Language::English.number("1234567.50"), "1,234,567.50");
        assert_eq!(Language::German.number("12345.50"), "12.345,50");
        assert_eq!(Language::German.number("100"), "100");
        assert_eq!(Language::Arabic.number("12345.50"), "12,345.50");
        assert_eq!(Language::English.number("1234"), "1234");
    }
}
