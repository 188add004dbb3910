//! The demonstration.

use crate::home::Home;

#[test]
fn the_walk_holds_what_the_documentation_says() {
    let home = Home::new();
    let said = home.said(&["demo", "--once"]);
    assert!(said.contains("Paid, and all"), "{said}");
    let left: Vec<_> = std::fs::read_dir(home.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "it left {left:?}");
}

#[test]
fn the_demo_refuses_a_database_it_did_not_make() {
    let home = Home::with_database();
    home.merchant();
    let url = format!("sqlite://{}", home.path(".local/share/coffer/coffer.db").display());
    let output = home.command(&["demo", "--once"]).env("COFFER_STORE__URL", &url).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("did not make the database"), "{told}");
    assert_eq!(home.json(&["merchant", "list"])["merchants"].as_array().unwrap().len(), 1);
}

#[test]
fn the_served_demo_has_a_shop_and_a_wallet_and_starts_again() {
    let home = Home::new();
    for _ in 0..2 {
        let server = home.serve(&["demo", "--listen", "127.0.0.1:0"]);
        let (status, shop) = server.ask("GET /demo/shop", "");
        assert!(status == 200 && shop.contains("Coffee beans"), "{shop}");
        let (status, wallet) = server.ask("GET /demo/wallet", "");
        assert!(status == 200 && wallet.contains("Nothing waits"), "{wallet}");
        let form = "POST /demo/shop/buy HTTP/1.1\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nX-Ignored:";
        assert_eq!(server.ask(form, "product=grinder").0, 303);
        let (_, wallet) = server.ask("GET /demo/wallet", "");
        assert!(wallet.contains("Hand grinder") && wallet.contains("No coin is chosen yet"));
        let merchants = {
            let database = home.path(".local/share/coffer-demo/coffer.db");
            let url = format!("sqlite://{}", database.display());
            let mut list = home.command(&["merchant", "list", "--json"]);
            list.env("COFFER_STORE__URL", url).output().unwrap().stdout
        };
        let merchants: serde_json::Value = serde_json::from_slice(&merchants).unwrap();
        assert_eq!(merchants["merchants"][0]["support"], "help@shop.example");
        server.signal("TERM");
        assert_eq!(server.ended().0, Some(0));
    }
}
