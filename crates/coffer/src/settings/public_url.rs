//! The URL under which customers reach the server.

use std::net::{IpAddr, SocketAddr};

use axum::http::Uri;

use super::ServerSettings;

impl ServerSettings {
    /// The URL under which this server is reached, when it listens on that address.
    #[must_use]
    pub fn own_url(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{bound}"))
    }
}

/// Reads `https://host[:port]`; http only on this machine. Without the slash at the end.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    let uri: Uri = text.parse().map_err(|_| not_a_url(text))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(not_a_url(text));
    };
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err("must not name a user or password, and must name a host".to_owned());
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || text.contains('#') {
        return Err(format!("{text:?} must end after the host or the port: no path, no query"));
    }
    match scheme {
        "https" => Ok(text.to_owned()),
        "http" if is_here(authority.host()) => Ok(text.to_owned()),
        "http" => Err(format!(
            "{text:?} must begin with https://: payment pages over http can be changed on the way \
             (http is for this machine only)"
        )),
        _ => Err(not_a_url(text)),
    }
}

fn not_a_url(text: &str) -> String {
    format!("{text:?} is no URL such as https://pay.example.com")
}

fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn http_is_for_this_machine_only() {
        for good in ["https://pay.example.com", "http://127.0.0.1:80", "http://[::1]:1"] {
            assert_eq!(parse(good).as_deref(), Ok(good));
        }
        assert_eq!(parse("http://localhost:8080/").as_deref(), Ok("http://localhost:8080"));
        for bad in [
            "http://pay.example.com",
            "http://10.0.0.1",
            "pay.example.com",
            "ftp://x",
            "https://u:p@x",
            "https://x/path",
            "https://x?q",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
