//! Coin marks: a letter on a disc of the coin's colour, our own drawing, the same everywhere.

use crate::text::Html;

/// Ticker, letter and colour of coins people know; white stands on each at 4.5:1 or more.
const KNOWN: &[(&str, &str, &str)] = &[
    ("ADA", "A", "#0b3fb8"),
    ("ARB", "Ar", "#22578f"),
    ("AVAX", "Av", "#c9302f"),
    ("BCH", "Bc", "#2f7d4f"),
    ("BNB", "Bn", "#8a6500"),
    ("BTC", "B", "#b8560b"),
    ("DAI", "D", "#9a6a00"),
    ("DOGE", "Do", "#876a1d"),
    ("ETH", "E", "#4c5bb5"),
    ("EURC", "€", "#0e5aa7"),
    ("LTC", "L", "#345d9d"),
    ("POL", "P", "#7038d0"),
    ("SOL", "S", "#5a35b8"),
    ("TON", "To", "#0a6fa8"),
    ("TRX", "Tr", "#c01f33"),
    ("USDC", "C", "#1f66b5"),
    ("USDT", "T", "#1a7a5e"),
    ("XMR", "M", "#b34e00"),
    ("XRP", "X", "#3a4450"),
];

/// Colours for the others.
const OTHERS: [&str; 6] = ["#5b4b8a", "#2e6b6b", "#7a4a2b", "#47632d", "#8a3b5c", "#3f5573"];

/// The mark of a coin; decoration beside its name, so hidden from assistive technology.
pub(super) fn svg(code: &str) -> Html {
    let known = KNOWN.iter().find(|(known, ..)| *known == code);
    let (letter, colour) = known.map_or_else(
        || (code.chars().take(1).collect::<String>(), other(code)),
        |(_, letter, colour)| ((*letter).to_owned(), *colour),
    );
    let letter = Html::text(letter);
    Html::trusted(format!(
        "<svg class=\"mark\" viewBox=\"0 0 32 32\" aria-hidden=\"true\">\
         <circle cx=\"16\" cy=\"16\" r=\"16\" fill=\"{colour}\"/><text x=\"16\" y=\"16\" fill=\"#fff\" \
         text-anchor=\"middle\" dominant-baseline=\"central\">{letter}</text></svg>"
    ))
}

fn other(code: &str) -> &'static str {
    let sum = code
        .bytes()
        .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    OTHERS.get(sum % OTHERS.len()).copied().unwrap_or("#3f5573")
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, OTHERS, svg};
    use crate::checkout::colour::Colour;

    #[test]
    fn white_can_be_read_on_every_mark() {
        let white = Colour::parse("#ffffff").expect("a colour");
        for hex in KNOWN.iter().map(|(_, _, hex)| *hex).chain(OTHERS) {
            let colour = Colour::parse(hex).expect("a colour");
            assert!(white.contrast_is(colour, 450), "{hex}");
        }
    }

    #[test]
    fn a_coin_nobody_knows_gets_its_letter_always_in_the_same_colour() {
        assert!(svg("<X>").as_str().contains(">&#60;</text>"));
        assert_eq!(svg("ZZZ"), svg("ZZZ"));
    }
}
