//! What migrations make of the rows that are there already.
//!
//! A migration that changes rows has a test here: [`upgraded`] fills a database as the program
//! before it left one, and opens it with this program.

use coffer_domain::{code::NetworkName, inner_transfers::InnerTransfers};
use coffer_store::{
    dialect::Dialect,
    error::DbError,
    inner_transfers::InnerWay,
    migration::MIGRATIONS,
    store::{Role, Store, StoreOptions},
    tx::Tx,
    vals,
};

use crate::{on_both, place::Place};

/// The store of this program, on a database that had these rows before the migration of that name.
/// The statements are the same for both databases; `{bytes}` stands for no bytes.
async fn upgraded(place: &Place, migration: &str, rows: &'static [&'static str]) -> Store {
    let at = MIGRATIONS.iter().position(|it| it.name == migration).unwrap();
    let before = StoreOptions { migrations: &MIGRATIONS[..at], ..StoreOptions::new(Role::Serve) };
    let store = place.open_with(&before).await.unwrap();
    let fill = async move |tx: &mut Tx<'_>| {
        let bytes = match tx.dialect() {
            Dialect::Sqlite => "x''",
            Dialect::Postgres => "''",
        };
        for row in rows {
            let row: &'static str = row.replace("{bytes}", bytes).leak();
            tx.exec(row, vals![]).await?;
        }
        Ok::<_, DbError>(())
    };
    store.write(fill).await.unwrap();
    store.close().await;
    place.open_with(&StoreOptions::new(Role::Serve)).await.unwrap()
}

on_both! {
    async fn a_chain_whose_addresses_were_compared_goes_on_with_the_audit(place: &Place) {
        let store = upgraded(place, "inner_transfers", &[
            "INSERT INTO chain_cursor (chain, height, hash, block_time, look, watermark) VALUES \
             ('ethereum', 700, 'a', 9000, 7, 9000), ('base', 800, 'b', 9000, 8, 9000)",
            "INSERT INTO audit (chain, wallet_id, number, height, balance, booked, audited_at, \
             due_at) VALUES ('ethereum', 'w', 0, 690, '5', '2', 1000, 2000), \
             ('ethereum', 'w', 1, 690, '0', '0', 1000, 2000), \
             ('polygon', 'w', 0, 50, '7', '7', 1000, 2000)",
        ])
        .await;
        let read = async |tx: &mut Tx<'_>| {
            let mut ways = Vec::new();
            for chain in ["ethereum", "polygon", "base"] {
                ways.push(tx.inner_way(NetworkName::new(chain).unwrap()).await?);
            }
            let rows = "SELECT chain, number, height, balance, booked, due_at FROM audit \
                        ORDER BY chain, number";
            let audits = tx.many(rows, vals![], |row| {
                let numbers = (row.int(1)?, row.int(2)?, row.int(5)?);
                Ok((row.text(0)?, numbers, row.text(3)?, row.text(4)?))
            });
            Ok::<_, DbError>((ways, audits.await?))
        };
        let (ways, audits) = store.read(read).await.unwrap();
        let audited = Some(InnerWay { how: InnerTransfers::Audit, since: 0 });
        assert_eq!(ways, [audited, audited, None], "one that was never audited has no way yet");
        let row = |chain: &str, numbers, balance: &str, booked: &str| {
            (chain.to_owned(), numbers, balance.to_owned(), booked.to_owned())
        };
        let kept = [
            row("ethereum", (0, 690, 2000), "5", "2"),
            row("ethereum", (1, 690, 2000), "0", "0"),
            row("polygon", (0, 50, 2000), "7", "7"),
        ];
        assert_eq!(audits, kept);
    }

    async fn what_requests_with_transfers_hold_is_still_to_be_booked(place: &Place) {
        let store = upgraded(place, "books", &[REQUESTS, TRANSFER]).await;
        let read = async |tx: &mut Tx<'_>| {
            let rows = "SELECT id, booked FROM payment_request ORDER BY id";
            tx.many(rows, vals![], |row| Ok((row.text(0)?, row.flag(1)?))).await
        };
        let booked: Result<_, DbError> = store.read(read).await;
        assert_eq!(booked.unwrap(), [("one".to_owned(), true), ("two".to_owned(), false)]);
    }
}

/// A request that nobody paid, and one that somebody did.
const REQUESTS: &str = "INSERT INTO payment_request (id, merchant_id, environment, key_id, token, \
     fingerprint, price_iso, price_units, price_text, created_at, valid_until, policy, stage, \
     version) VALUES \
     ('one', 'm', 'live', 'k', 'a', {bytes}, 'EUR', '1', '0.01', 0, 1, '', 'created', 1), \
     ('two', 'm', 'live', 'k', 'b', {bytes}, 'EUR', '1', '0.01', 0, 1, '', 'processing', 1)";
const TRANSFER: &str = "INSERT INTO transfer (request_id, network, tx, place, chain, id, iso, \
     asset_network, address, units, first_time, earliest_time, look, position, confirmations, \
     finalized, max_confirmations, told, reversal_told, followed) VALUES \
     ('two', 'bitcoin', 't', '0', 'bitcoin', 'x', 'BTC', 'bitcoin', 'a', '5', 0, 0, 1, 'pending', \
     0, 0, 0, 'seen', 0, 1)";

#[test]
fn a_migration_that_changes_rows_has_a_test_of_what_they_become() {
    let tests = include_str!("upgrade.rs");
    for migration in MIGRATIONS {
        let text = migration.text.sqlite.to_uppercase();
        let changes = ["INSERT ", "UPDATE ", "DELETE "].iter().any(|word| text.contains(word));
        let tested = tests.contains(&format!("upgraded(place, \"{}\"", migration.name));
        assert!(tested || !changes, "{}: write one with `upgraded`", migration.name);
    }
}
