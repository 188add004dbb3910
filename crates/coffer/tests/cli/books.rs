//! `coffer books`, beside a running server.

use coffer_domain::money::parse_decimal;
use serde_json::json;

use crate::{find::asked, home::Home};

#[test]
fn the_books_tell_what_came_in_and_whose_it_is() {
    let home = Home::with_database();
    assert!(home.said(&["books", "balance"]).contains("Nothing is booked yet; --sandbox"));
    let server = home.serve(&["serve"]);
    let (made, ask) = asked(&home, &server);
    let id = made["data"]["id"].as_str().unwrap();
    ask(&format!("/{id}/simulate"), &json!({"payment": "over"}));
    let balance = &home.json(&["books", "balance", "--sandbox"])["balances"][0];
    assert_eq!((&balance["iso"], &balance["network"]), (&json!("BTC"), &json!("bitcoin")));
    assert_eq!(balance["available"], "0.002");
    assert_eq!(balance["undecided"], "0");
    let units = |name: &str| parse_decimal(balance[name].as_str().unwrap(), 8).unwrap().get();
    assert!(units("owed") > 0);
    assert_eq!(units("treasury"), units("available") + units("owed"));
    assert_eq!(home.json(&["books", "balance"])["balances"], json!([]), "no real money moved");

    let checked = home.json(&["books", "check"]);
    assert_eq!((&checked["requests"], &checked["findings"]), (&json!(1), &json!([])));
    assert!(home.said(&["books", "check"]).contains("every asset sums to zero"));

    let entries = &home.json(&["books", "journal", "--request", id])["entries"];
    let last = entries.as_array().unwrap().last().unwrap();
    assert_eq!((&last["debit"], &last["credit"]), (&json!("available"), &json!("owed")));
    assert!(home.said(&["books", "journal"]).contains("treasury"));
}

#[test]
fn an_export_adds_up_and_says_what_it_was_worth() {
    let home = Home::with_database();
    let server = home.serve(&["serve"]);
    let (made, ask) = asked(&home, &server);
    let id = made["data"]["id"].as_str().unwrap();
    ask(&format!("/{id}/simulate"), &json!({"payment": "exact"}));
    let text = home.said(&["books", "export", "--sandbox"]);
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "merchant,iso,network,opening,in,out,closing,value_currency,value_in,in_without_value,\
             value_out"
        )
    );
    let row: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
    assert_eq!(row, ["BTC", "bitcoin", "0", "0.002", "0", "0.002", "USD", "100", "0", "0"]);
    assert_eq!(lines.next(), None);
    let later =
        home.json(&["books", "export", "--sandbox", "--from", "2999-01-01", "--to", "2999-01-02"]);
    let row = &later["rows"][0];
    assert_eq!((&row["opening"], &row["in"]), (&json!("0.002"), &json!("0")));
    assert_eq!(row["closing"], "0.002");
    let refused = home.complaint(&["books", "export", "--from", "yesterday"], 1);
    assert!(refused.contains("--from: yesterday is no day such as 2026-01-31"), "{refused}");
    let refused =
        home.complaint(&["books", "export", "--from", "2026-01-02", "--to", "2026-01-02"], 1);
    assert!(refused.contains("--to must be behind --from"), "{refused}");
}
