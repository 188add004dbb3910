//! A merchant's colour as a stylesheet of its own: the page's policy refuses inline styles.

use super::colour::Colour;

/// The card's colour in the light and the dark theme, as `--card` in the stylesheet.
const CARDS: [&str; 2] = ["#ffffff", "#181c22"];

/// The stylesheet that sets a merchant's `#rrggbb`; none where it is not a colour.
///
/// What stands on the colour is white or black, whichever reads at 4.5:1. Where the colour itself
/// is too near the card (3:1 for a button, 4.5:1 for text), the page's ink stands in.
#[must_use]
pub fn accent_css(accent: &str) -> Option<String> {
    let accent = Colour::parse(accent)?;
    let [light, dark] = CARDS.map(|card| theme(accent, card));
    Some(format!(":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"))
}

fn theme(accent: Colour, card: &str) -> String {
    let on_card =
        |hundredths| Colour::parse(card).is_some_and(|card| accent.contrast_is(card, hundredths));
    let white = Colour::parse("#ffffff").is_some_and(|white| accent.contrast_is(white, 450));
    let (fill, ink) = match (on_card(300), white) {
        (true, true) => (accent.hex(), "#ffffff"),
        (true, false) => (accent.hex(), "#000000"),
        (false, _) => ("var(--ink)".to_owned(), "var(--card)"),
    };
    let text = if on_card(450) { accent.hex() } else { "var(--ink)".to_owned() };
    format!("--accent:{fill};--accent-ink:{ink};--accent-text:{text}")
}

#[cfg(test)]
mod tests {
    use super::{CARDS, Colour, accent_css};

    #[test]
    fn whatever_the_colour_text_on_it_can_be_read() {
        let parts = ["00", "33", "66", "80", "99", "cc", "ff"];
        for (red, green) in parts.iter().flat_map(|red| parts.map(|green| (red, green))) {
            for blue in parts {
                let accent = format!("#{red}{green}{blue}");
                let colour = Colour::parse(&accent).expect("a colour");
                let css = accent_css(&accent).expect("a colour");
                for ink in ["#ffffff", "#000000"] {
                    let paired = css.contains(&format!("--accent:{accent};--accent-ink:{ink}"));
                    let ink = Colour::parse(ink).expect("a colour");
                    assert!(!paired || colour.contrast_is(ink, 450), "{css}");
                }
            }
        }
    }

    #[test]
    fn a_colour_like_the_card_gives_way_to_ink() {
        let css = accent_css("#ffee00").expect("a colour");
        let (light, dark) = css.split_once("@media").expect("two themes");
        assert!(light.contains("--accent:var(--ink);--accent-ink:var(--card)"), "{css}");
        assert!(dark.contains("--accent:#ffee00;--accent-ink:#000000"), "{css}");
        assert_eq!(accent_css("red;} body{display:none"), None);
    }

    #[test]
    fn the_cards_are_those_of_the_stylesheet() {
        for card in CARDS {
            assert!(
                include_str!("../../static/checkout.css").contains(&format!("--card: {card};"))
            );
        }
    }
}
