//! QR codes as inline SVG: black on white in both themes, with the quiet zone of ISO/IEC 18004.

use std::fmt::Write;

use fast_qr::{ECL, QRBuilder};

use crate::text::Html;

/// Modules of white around the code.
const QUIET: usize = 4;

/// The code as SVG with `label` as its text alternative; none where the text does not fit one.
///
/// Attributes only, no `style`: the page's policy refuses inline styles.
pub(super) fn svg(text: &str, label: &str) -> Option<Html> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let side = code.size.saturating_add(QUIET * 2);
    let mut path = String::with_capacity(8_192);
    for row in 0..code.size {
        let mut column = 0;
        while column < code.size {
            let run = (column..code.size).take_while(|at| code[row][*at].value()).count();
            if run > 0 {
                let (x, y) = (column.saturating_add(QUIET), row.saturating_add(QUIET));
                write!(path, "M{x} {y}h{run}v1h-{run}z").ok()?;
            }
            column = column.saturating_add(run.max(1));
        }
    }
    let label = Html::text(label);
    Some(Html::trusted(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{label}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    )))
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_code_has_a_quiet_zone_and_an_escaped_text_alternative() {
        let code = svg("0x71C7656EC7ab88b098defB751B7401B5f6d8976F", "a \"b\"").expect("fits");
        assert!(code.as_str().contains("viewBox=\"0 0 37 37\""), "{code}");
        assert!(code.as_str().contains("M4 4h7v1h-7z"), "{code}");
        assert!(code.as_str().contains("aria-label=\"a &#34;b&#34;\""), "{code}");
    }

    #[test]
    fn a_text_beyond_the_largest_code_gives_none() {
        assert!(svg(&"x".repeat(3_000), "").is_none());
    }
}
