//! The files the page loads: one stylesheet, one script, one icon, compiled in.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

/// A file served as it is. Its URL carries a version, so it may be cached for ever.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path on the server.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub body: &'static str,
}

/// Every file of the checkout; serve them with `Cache-Control: public, max-age=31536000,
/// immutable`.
pub const ASSETS: [Asset; 3] = [STYLESHEET, SCRIPT, ICON];

const STYLESHEET: Asset = Asset {
    path: "/static/checkout.css",
    content_type: "text/css; charset=utf-8",
    body: include_str!("../../static/checkout.css"),
};

const SCRIPT: Asset = Asset {
    path: "/static/checkout.js",
    content_type: "text/javascript; charset=utf-8",
    body: include_str!("../../static/checkout.js"),
};

const ICON: Asset = Asset {
    path: "/static/mark.svg",
    content_type: "image/svg+xml",
    body: include_str!("../../static/mark.svg"),
};

/// Stylesheet, script and icon as the page names them, with their versions.
pub(super) static URLS: LazyLock<[String; 3]> = LazyLock::new(|| ASSETS.map(url));

fn url(asset: Asset) -> String {
    let mut hasher = DefaultHasher::new();
    asset.body.hash(&mut hasher);
    format!("{}?v={:016x}", asset.path, hasher.finish())
}
