//! What no customer and no merchant can do, done to the database beside the running server.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, params};

/// Opens the server's database.
fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    connection
}

/// Puts a payment into the sandbox's pool, where it waits for a block.
pub fn send(file: &Path, transaction: u8, coin: (&str, &str), address: &str, units: &str) {
    let sql = "INSERT INTO sandbox_transfer (tx, output, iso, network, address, units, block, \
               replaced) VALUES (?1, 0, ?2, ?3, ?4, ?5, NULL, 0)";
    let hash = format!("{transaction:02x}").repeat(32);
    open(file).execute(sql, params![hash, coin.0, coin.1, address, units]).unwrap();
}

/// Ends the lifespan of a request that is not processing.
pub fn end_lifespan(file: &Path, request: &str) {
    let sql = "UPDATE payment_request SET valid_until = created_at + 1, due_at = created_at + 1, \
               version = version + 1 WHERE id = ?1";
    assert_eq!(open(file).execute(sql, [request]).unwrap(), 1);
}

/// Ends the window of a request's only quote so many seconds from now.
pub fn end_window_in(file: &Path, request: &str, seconds: i64) {
    let connection = open(file);
    let end = "(CAST(unixepoch('subsec') * 1000 AS INTEGER) + ?2 * 1000)";
    let sql = format!("UPDATE quote SET locked_until = {end} WHERE request_id = ?1");
    assert_eq!(connection.execute(&sql, params![request, seconds]).unwrap(), 1);
    let sql = format!(
        "UPDATE payment_request SET valid_until = {end}, due_at = {end}, version = version + 1 \
         WHERE id = ?1"
    );
    assert_eq!(connection.execute(&sql, params![request, seconds]).unwrap(), 1);
}

/// Does what screening will do.
pub fn restrict(file: &Path, request: &str) {
    let sql = "UPDATE payment_request SET stage = 'restricted', stage_at = created_at, \
               stage_detail = 'sanctions', due_on = NULL, due_at = NULL, version = version + 1 \
               WHERE id = ?1";
    assert_eq!(open(file).execute(sql, [request]).unwrap(), 1);
}

/// Takes away what every page needs.
pub fn break_it(file: &Path) {
    open(file).execute_batch("ALTER TABLE merchant RENAME TO merchant_away").unwrap();
}
