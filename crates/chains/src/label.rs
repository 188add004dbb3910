//! What an endpoint is called where people read it. Addresses of endpoints hold access keys, in the
//! path, the query, the user part and even the host name, so none of these is shown.

use std::fmt;

use reqwest::Url;

/// The longest text of an endpoint that is shown.
const SHOWN_CHARACTERS: usize = 200;
/// Shorter parts of an address are words such as `v3` or `mainnet`, not keys.
const KEY_CHARACTERS: usize = 8;

/// The name of an endpoint, and the parts of its address that must never be shown.
#[derive(Clone)]
pub(crate) struct Label {
    text: String,
    place: String,
    secrets: Vec<String>,
}

impl Label {
    /// A name from the endpoint's number, the last two parts of its host name, and its port.
    pub(crate) fn new(url: &Url, number: usize) -> Self {
        let host = url.host_str().unwrap_or_default();
        let parts = host.split('.').collect::<Vec<_>>();
        let literal = url.domain().is_none();
        let hidden = if literal { 0 } else { parts.len().saturating_sub(2) };
        let domain = parts[hidden..].join(".");
        let mut secrets = parts[..hidden].to_vec();
        secrets.extend(url.path_segments().into_iter().flatten());
        secrets.extend([url.username(), url.password().unwrap_or_default()]);
        let query = url.query_pairs().map(|(_, value)| value.into_owned());
        let secrets = secrets.into_iter().map(str::to_owned).chain(query);
        let secrets = secrets.filter(|part| part.len() >= KEY_CHARACTERS).collect();
        let place = url.port().map_or_else(|| domain.clone(), |port| format!("{domain}:{port}"));
        Self { text: format!("endpoint {number} ({place})"), place, secrets }
    }

    /// The last two parts of its host name, and its port where that is not the usual one.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// What an endpoint said, fit to be shown: without our keys, on one line, not too long.
    pub(crate) fn shown(&self, said: &str) -> String {
        let clean = self.secrets.iter().fold(said.to_owned(), |text, key| text.replace(key, "…"));
        clean.chars().filter(|c| !c.is_control()).take(SHOWN_CHARACTERS).collect()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_an_address_are_never_shown() {
        for (url, key, label) in [
            ("https://mainnet.infura.io/v3/0123456789abcdef", "0123456789abcdef", "infura.io"),
            ("https://user:passw0rd-long@node.example:8545/", "passw0rd-long", "node.example:8545"),
            ("https://rpc.example.com/?apikey=abcdefgh12", "abcdefgh12", "example.com"),
            ("https://k3yk3yk3yk3y.eth.rpc.example.org/", "k3yk3yk3yk3y", "example.org"),
            ("http://127.0.0.1:8545/secret-path", "secret-path", "127.0.0.1:8545"),
        ] {
            let name = Label::new(&Url::parse(url).unwrap(), 2);
            assert_eq!(name.to_string(), format!("endpoint 2 ({label})"));
            assert_eq!(
                name.shown(&format!("project {key} is over its limit")),
                "project … is over its limit"
            );
        }
    }

    #[test]
    fn what_an_endpoint_says_is_cut_and_kept_on_one_line() {
        let name = Label::new(&Url::parse("http://node.example/").unwrap(), 1);
        assert_eq!(name.shown("a\nb\u{1b}[0m"), "ab[0m");
        assert_eq!(name.shown(&"x".repeat(5000)).len(), 200);
    }
}
