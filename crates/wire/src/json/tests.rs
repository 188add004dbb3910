use proptest::prelude::*;

use super::*;

fn refused(body: &[u8]) -> JsonRefused {
    read(body).unwrap_err()
}

fn nested(open: &str, close: &str, depth: usize) -> Vec<u8> {
    format!("{}1{}", open.repeat(depth), close.repeat(depth)).into_bytes()
}

#[test]
fn numbers_keep_their_spelling() {
    let body = br#"{"a":1e400,"b":-0,"c":0.10000000000000000000000000000000001,"d":1E+2}"#;
    let object = read_object(body).unwrap();
    let expected = ["1e400", "-0", "0.10000000000000000000000000000000001", "1E+2"];
    let numbers: Vec<_> = object.iter().map(|(_, value)| value.clone()).collect();
    assert_eq!(numbers, expected.map(Value::Number));
}

#[test]
fn strings_are_unescaped_and_otherwise_borrowed() {
    let object = read_object(br#"{"plain":"M\u00fcller \ud83d\ude00 \/","other":"b"}"#).unwrap();
    assert_eq!(object.get("plain"), Some(&Value::Text("Müller 😀 /".into())));
    assert!(matches!(object.get("other"), Some(Value::Text(Cow::Borrowed("b")))));
}

#[test]
fn no_parameters_is_said_in_three_ways() {
    for body in ["{}", "[]", "null", " \r\n\t{ } \n", "[ ]"] {
        assert_eq!(read_object(body.as_bytes()), Ok(Object::default()), "{body}");
    }
    for body in ["[1]", "1", "\"a\"", "true", "[null]"] {
        assert_eq!(read_object(body.as_bytes()), Err(JsonRefused::Syntax), "{body}");
    }
}

#[test]
fn null_is_absent() {
    let object = read_object(br#"{"a":null,"b":false}"#).unwrap();
    assert_eq!((object.get("a"), object.get("b")), (None, Some(&Value::Bool(false))));
}

#[test]
fn what_is_not_json_is_refused() {
    let cases: [&[u8]; 24] = [
        b"",
        b"   ",
        b"{",
        b"}",
        b"{}{}",
        b"{} x",
        b"[1]]",
        b"{\"a\":1,}",
        b"{'a':1}",
        b"{a:1}",
        b"{\"a\":01}",
        b"{\"a\":+1}",
        b"{\"a\":.5}",
        b"{\"a\":5.}",
        b"{\"a\":NaN}",
        b"{\"a\":tru}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\n\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"x\":{\"a\":\"\\ud800\"}}",
        b"{\"a\":\"\\x\"}",
        b"{\"a\":1}\0",
        b"{\"a\":1 \"b\":2}",
    ];
    for body in cases {
        assert_eq!(refused(body), JsonRefused::Syntax, "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_key_given_twice_is_refused_at_any_depth_and_named() {
    for (body, names) in [
        (r#"{"a":1,"a":1}"#, vec!["a"]),
        (r#"{"a":1,"\u0061":2}"#, vec!["a"]),
        (r#"{"unknown":{"b":[0,{"c":1,"d":2,"c":3}]}}"#, vec!["unknown.b.1.c"]),
        (r#"{"a":1,"b":2,"a":3,"b":4,"a":5}"#, vec!["a", "b"]),
        (r#"[{"a":1,"a":2}]"#, vec!["0.a"]),
    ] {
        let names = names.into_iter().map(str::to_owned).collect();
        assert_eq!(refused(body.as_bytes()), JsonRefused::Repeated(names), "{body}");
    }
}

#[test]
fn many_keys_are_compared_quickly_and_few_are_named() {
    let many: Vec<_> = (0..20_000).map(|index| format!("\"{index}\":0")).collect();
    assert!(read(format!("{{{}}}", many.join(",")).as_bytes()).is_ok());
    let twice = format!("{{{0},{0}}}", many.join(","));
    let JsonRefused::Repeated(names) = refused(twice.as_bytes()) else { panic!("not repeated") };
    assert_eq!(names.len(), MAX_NAMED);
}

#[test]
fn depth_has_a_limit_and_costs_no_stack() {
    assert!(read(&nested("[", "]", MAX_DEPTH)).is_ok());
    assert_eq!(refused(&nested("[", "]", MAX_DEPTH + 1)), JsonRefused::TooDeep);
    assert_eq!(refused(&nested("[", "]", 10_000)), JsonRefused::TooDeep);
    assert_eq!(refused(&nested("{\"a\":", "}", 10_000)), JsonRefused::TooDeep);
    assert_eq!(refused(&nested("{\"a\":[", "]}", 500_000)), JsonRefused::TooDeep);
    assert_eq!(refused("[".repeat(10_000).as_bytes()), JsonRefused::Syntax);
}

#[test]
fn values_in_sentences_are_short_and_escaped() {
    assert_eq!(Value::Text("a\0\"b".into()).shown(), r#""a\u0000\"b""#);
    let digits = "9".repeat(40_000);
    assert_eq!(Value::Number(&digits).shown(), format!("{}…", "9".repeat(40)));
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|values| format!("[{}]", values.join(" , "))),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| {
                let member =
                    |(key, value)| format!("{} : {value}", serde_json::to_string(&key).unwrap());
                format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
        (Value::Number(ours), serde_json::Value::Number(theirs)) => *ours == theirs.to_string(),
        (Value::Text(ours), serde_json::Value::String(theirs)) => ours == theirs,
        (Value::List(ours), serde_json::Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), serde_json::Value::Object(theirs)) => {
            ours.0.len() == theirs.len()
                && ours.iter().all(|(key, value)| same(value, &theirs[key]))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&body);
    }

    #[test]
    fn bytes_that_look_like_json_never_panic(body in r#"[\[\]{}",:0-9eE.\\u\x00 -]{0,80}"#) {
        let _ = read(body.as_bytes());
    }

    #[test]
    fn whatever_is_json_is_read_as_serde_json_reads_it(body in json_text()) {
        let theirs: serde_json::Value = serde_json::from_str(&body).unwrap();
        prop_assert!(same(&read(body.as_bytes()).unwrap(), &theirs));
    }
}
