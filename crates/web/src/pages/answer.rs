//! Answers with the page, and back to it.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use coffer_engine::payment_request::CheckoutFacts;

use super::Asked;
use crate::checkout::{CheckoutView, render};

/// What every page is sent with: it loads its own files and nothing else, is kept nowhere, and
/// tells nobody where it was.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::VARY, "Accept-Language"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=()",
    ),
];

/// When a page that could not be shown, or a form that came too soon, may be tried again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// Back to the page, so that reloading it sends no form again.
pub(super) fn back(facts: &CheckoutFacts, asked: &Asked) -> Response {
    let mut to = format!("/payment/{}", facts.stored.token);
    if let Some(language) = asked.chosen {
        to.push_str("?language=");
        to.push_str(language.tag());
    }
    let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, "no-store".to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The page of a payment, which the shop's own pages may frame.
pub(super) fn shown(facts: &CheckoutFacts, view: &CheckoutView) -> Response {
    html(view, &facts.merchant.frame_ancestors)
}

/// A page with headers that let it load its own files and nothing else.
pub(super) fn html(view: &CheckoutView, frame_ancestors: &[String]) -> Response {
    let (status, page) = render(view);
    let mut response = Response::new(Body::from(page));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy(frame_ancestors));
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

fn policy(frame_ancestors: &[String]) -> HeaderValue {
    let origins: Vec<&str> =
        frame_ancestors.iter().map(String::as_str).filter(|origin| is_origin(origin)).collect();
    let framed = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {framed}"
    );
    // An origin is made of letters that every header may have, so the strictest is never needed.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Whether it is one origin and can say nothing else in a policy.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]*".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::policy;

    fn framed_by(origins: &[&str]) -> String {
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        let policy = policy(&origins).to_str().expect("ASCII").to_owned();
        policy.split("frame-ancestors ").nth(1).expect("it is named").to_owned()
    }

    #[test]
    fn nobody_frames_the_page_but_the_shop() {
        assert_eq!(framed_by(&[]), "'none'");
        let two = ["https://shop.example", "http://localhost:3000"];
        assert_eq!(framed_by(&two), "https://shop.example http://localhost:3000");
    }

    #[test]
    fn an_origin_adds_nothing_else_to_the_policy() {
        assert_eq!(framed_by(&["https://a.example; script-src *"]), "'none'");
        assert_eq!(framed_by(&["*", "https://", "https://é.example"]), "'none'");
    }
}
