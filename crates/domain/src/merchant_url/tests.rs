use proptest::prelude::*;

use super::{
    MAX_URL, MerchantUrl,
    UrlRefused::{
        self, BadCharacter, BadHost, BadPort, Internal, IpAddress, NotHttps, TooLong, UserInfo,
    },
    parse_callback_url,
};

fn host(text: &str) -> Result<String, UrlRefused> {
    MerchantUrl::parse(text, false).map(|url| {
        assert_eq!(url.text, text, "the text stays as given");
        url.host
    })
}

#[test]
fn a_public_https_url_is_taken_as_given() {
    let table = [
        ("https://example.com/store", "example.com"),
        ("https://example.com", "example.com"),
        ("HTTPS://Example.COM/Path?q=1&r=a@b#part", "example.com"),
        ("https://shop.example.co.uk:8443/a%20b", "shop.example.co.uk"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com./x", "example.com"),
        ("https://bücher.example/straße", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://пример.рф/", "xn--e1afmkfd.xn--p1ai"),
        ("https://a-b.1.example.com/", "a-b.1.example.com"),
        ("https://shop.example/?next=http://127.0.0.1/", "shop.example"),
        ("https://example。com/", "example.com"),
    ];
    for (text, expected) in table {
        assert_eq!(host(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn an_ip_address_is_refused_in_every_spelling() {
    let texts = [
        "https://127.0.0.1/",
        "https://8.8.8.8/",
        "https://8.8.8.8:443/",
        "https://8.8.8.8./",
        "https://2130706433/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0X7F.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[2001:db8::1]:443/",
        "https://[fe80::1%25eth0]/",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
        "https://①②⑦.0.0.1/",
        "https://1.2.3.4.5/",
        "https://256.256.256.256/",
        "https://example.0x1/",
    ];
    for text in texts {
        let refused = host(text);
        assert!(matches!(refused, Err(IpAddress | BadHost)), "{text}: {refused:?}");
    }
    assert_eq!(host("https://2130706433/"), Err(IpAddress));
    assert_eq!(host("https://１２７.０.０.１/"), Err(IpAddress));
}

#[test]
fn a_percent_encoded_host_is_refused() {
    for text in ["https://%31%32%37.0.0.1/", "https://ex%61mple.com/", "https://%6c%6f/"] {
        assert_eq!(host(text), Err(BadHost), "{text}");
    }
}

#[test]
fn an_internal_name_is_refused() {
    let texts = [
        "https://localhost/",
        "https://LOCALHOST./",
        "https://ｌｏｃａｌｈｏｓｔ/",
        "https://shop.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://nas.lan/",
        "https://router.home.arpa/",
        "https://1.0.0.127.in-addr.arpa/",
        "https://wiki.corp/",
        "https://fritz.home/",
        "https://site.intranet/",
        "https://x.localdomain/",
        "https://a.test/",
        "https://a.invalid/",
        "https://abcdefghijklmnop.onion/",
        "https://intranet/",
        "https://shop/",
        "https://com./",
    ];
    for text in texts {
        assert_eq!(host(text), Err(Internal), "{text}");
    }
}

#[test]
fn what_is_not_https_is_refused() {
    let texts = [
        "",
        "http://example.com/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "https:example.com",
        "https:/example.com",
        "data:text/html,x",
        "file:///etc/passwd",
        "httpsx://example.com/",
        "https",
        "mailto:guest@example.com",
    ];
    for text in texts {
        assert_eq!(host(text), Err(NotHttps), "{text:?}");
    }
}

#[test]
fn user_info_is_refused_even_if_empty() {
    let texts = [
        "https://guest@example.com/",
        "https://guest:secret@example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        "https://example.com@evil.example/",
        "https://example.com%40evil@evil.example/",
    ];
    for text in texts {
        assert_eq!(host(text), Err(UserInfo), "{text}");
    }
}

#[test]
fn a_port_is_from_1_to_65535() {
    for port in ["0", "", "65536", "99999999999", "80a", "-1", "+80", "８０", "00", "80:80"] {
        let text = format!("https://example.com:{port}/");
        assert_eq!(host(&text), Err(BadPort), "{text}");
    }
    for port in ["1", "443", "65535", "0443"] {
        assert!(host(&format!("https://example.com:{port}/")).is_ok());
    }
}

#[test]
fn characters_that_hide_or_vanish_are_refused() {
    let texts = [
        " https://example.com/",
        "https://example.com/ ",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://exam\tple.com/",
        "https://example.com/\0",
        "https://example.com\\@evil.example/",
        "https:\\\\example.com/",
        "https://example.com/\u{202e}gpj.exe",
        "https://exam\u{200b}ple.com/",
        "https://exa\u{ad}mple.com/",
        "https://example.com/\u{7f}",
        "https://example.com/\u{a0}",
    ];
    for text in texts {
        assert_eq!(host(text), Err(BadCharacter), "{text:?}");
    }
}

#[test]
fn a_host_no_certificate_could_name_is_refused() {
    let long = format!("https://{}.com/", "a".repeat(64));
    let many = format!("https://{}com/", "abcdefgh.".repeat(30));
    let texts = [
        "https:///path",
        "https://",
        "https://.example.com/",
        "https://example..com/",
        "https://-a.example.com/",
        "https://a-.example.com/",
        "https://a_b.example.com/",
        "https://exa*mple.com/",
        "https://example.c-m/",
        &long,
        &many,
    ];
    for text in texts {
        assert_eq!(host(text), Err(BadHost), "{text}");
    }
}

#[test]
fn a_url_is_at_most_2048_bytes() {
    let start = "https://example.com/";
    let longest = format!("{start}{}", "a".repeat(MAX_URL - start.len()));
    assert!(host(&longest).is_ok());
    assert_eq!(host(&format!("{longest}a")), Err(TooLong));
}

#[test]
fn loopback_is_taken_where_it_is_allowed_and_nothing_more() {
    let table = [
        ("http://localhost:8081/thanks", "localhost"),
        ("http://LocalHost/", "localhost"),
        ("https://localhost/", "localhost"),
        ("http://127.0.0.1:8080/", "127.0.0.1"),
        ("http://[::1]:8080/", "[::1]"),
    ];
    for (text, expected) in table {
        assert_eq!(MerchantUrl::parse(text, true).unwrap().host, expected);
        assert!(MerchantUrl::parse(text, false).is_err(), "{text}");
    }
    let refused = [
        "http://example.com/",
        "http://127.0.0.2/",
        "http://127.1/",
        "https://10.0.0.1/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost:0/",
        "http://0.0.0.0/",
        "https://shop.localhost/",
        "ftp://localhost/",
    ];
    for text in refused {
        assert!(MerchantUrl::parse(text, true).is_err(), "{text}");
    }
    assert!(MerchantUrl::parse("https://example.com/", true).is_ok());
}

#[test]
fn a_callback_url_follows_the_same_rules() {
    assert_eq!(parse_callback_url("https://example.com/hook", false).unwrap().host, "example.com");
    for text in
        ["http://example.com/", "https://10.0.0.1/", "https://shop/", "https://u@a.example/"]
    {
        assert!(parse_callback_url(text, false).is_err(), "{text}");
    }
}

#[test]
fn private_networks_admit_http_and_addresses_for_callbacks() {
    let table = [
        ("http://127.0.0.1:9000/hook", "127.0.0.1"),
        ("http://10.1/hook", "10.0.0.1"),
        ("http://[fd00::1]:80/hook", "[fd00::1]"),
        ("http://shop:8080/hook", "shop"),
        ("https://shop.internal./hook", "shop.internal"),
        ("http://my_service/hook", "my_service"),
    ];
    for (text, expected) in table {
        assert_eq!(parse_callback_url(text, true).unwrap().host, expected);
    }
    let refused = [
        ("ftp://10.0.0.1/", NotHttps),
        ("http://u:p@10.0.0.1/", UserInfo),
        ("http://10.0.0.1:0/", BadPort),
        ("http://10.0.0.1/ x", BadCharacter),
        ("http://%31/", BadHost),
    ];
    for (text, expected) in refused {
        assert_eq!(parse_callback_url(text, true), Err(expected), "{text}");
    }
}

#[test]
fn a_refusal_reads_as_a_sentence_after_the_field() {
    assert_eq!(NotHttps.to_string(), "must start with https://");
    assert_eq!(TooLong.to_string(), "must not be longer than 2048 bytes");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,80}") {
        let _ = MerchantUrl::parse(&text, true);
        let _ = parse_callback_url(&format!("http://{text}"), true);
        let _ = MerchantUrl::parse(&format!("https://{text}/"), false);
    }

    #[test]
    fn whatever_is_taken_has_a_public_name(text in "https://[0-9a-zA-Z.:x@%。１\\[\\]-]{1,20}/") {
        if let Ok(url) = MerchantUrl::parse(&text, false) {
            prop_assert!(url.host.contains('.'));
            prop_assert!(url.host.parse::<std::net::IpAddr>().is_err());
            prop_assert!(url.host.is_ascii());
        }
    }
}
