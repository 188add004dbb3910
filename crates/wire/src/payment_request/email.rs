//! E-mail addresses: plausible enough to be written to, and safe in a mail's head.

/// The most characters of an address (RFC 5321, 4.5.3.1.3 less the angle brackets).
const MAX: usize = 254;
/// The most characters before the `@`.
const MAX_LOCAL: usize = 64;

/// Whether a text is a plausible e-mail address: dot-atoms, an `@`, and a domain of at least two
/// labels. Letters beyond ASCII are taken (RFC 6531); quotes, comments, spaces and addresses of
/// hosts by number are not.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.chars().count() <= MAX
        && local.chars().count() <= MAX_LOCAL
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && domain.rsplit('.').next().is_some_and(|top| !top.bytes().all(|b| b.is_ascii_digit()))
}

/// RFC 5322 `atext`, and letters and digits beyond ASCII.
fn is_atom(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.chars().count() <= 63
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plausible_addresses_pass() {
        for text in [
            "guest@example.com",
            "a.b+c@sub.example.co.uk",
            "o'hara_9@xn--bcher-kva.example",
            "müller@bücher.example",
            "x@1.de",
        ] {
            assert!(is_email(text), "{text}");
        }
    }

    #[test]
    fn others_do_not() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}example.com", "abcdefgh.".repeat(30));
        for text in [
            "",
            "@",
            "guest",
            "guest@",
            "@example.com",
            "guest@localhost",
            "guest@example..com",
            "guest@.example.com",
            "guest@example.com.",
            "guest@-example.com",
            ".guest@example.com",
            "gu..est@example.com",
            "guest @example.com",
            "[email protected]",
            "guest@example.com\r\nBcc: x@example.com",
            "guest@exa\0mple.com",
            "\"guest\"@example.com",
            "<guest@example.com>",
            "a@b@example.com",
            "guest@127.0.0.1",
            "a,b@example.com",
            &long,
            &longer,
        ] {
            assert!(!is_email(text), "{text}");
        }
    }
}
