//! Addresses in a database, as if they had been issued: even numbers are scripts of Bitcoin's kind,
//! odd ones accounts of EVM networks.

use coffer_domain::{
    id::{Id, WalletId},
    merchant::Environment,
    time::Timestamp,
};
use coffer_store::{dialect::Dialect, error::DbError, store::Store, tx::Tx, vals, wallet::Wallet};

/// Written in one transaction.
const CHUNK: u32 = 200_000;

/// An even number's script is `OP_0`, a push of 20 bytes, and its digits; an odd number's account
/// is its digits.
const SQLITE: &str = "INSERT INTO address (wallet_id, number, network, text, account, request_id, \
    created_at) WITH RECURSIVE n (i) AS (SELECT CAST($1 AS INTEGER) UNION ALL \
    SELECT i + 1 FROM n WHERE i + 1 < CAST($2 AS INTEGER)) SELECT $3, i, 'bitcoin', \
    printf('bc1q%038d', i), CASE i % 2 WHEN 0 THEN CAST(X'0014' || printf('%020d', i) AS BLOB) \
    ELSE CAST(printf('%020d', i) AS BLOB) END, printf('01900000-0000-7000-8000-%012d', i), 0 FROM n";
const POSTGRES: &str = "INSERT INTO address (wallet_id, number, network, text, account, \
    request_id, created_at) WITH n (i) AS (SELECT * FROM \
    generate_series(CAST($1 AS BIGINT), CAST($2 AS BIGINT) - 1)) SELECT CAST($3 AS TEXT), i, \
    'bitcoin', 'bc1q' || lpad(CAST(i AS TEXT), 38, '0'), CASE i % 2 WHEN 0 THEN '\\x0014'::bytea \
    ELSE ''::bytea END || convert_to(lpad(CAST(i AS TEXT), 20, '0'), 'UTF8'), \
    '01900000-0000-7000-8000-' || lpad(CAST(i AS TEXT), 12, '0'), 0 FROM n";

/// Writes addresses 0 to `count`, under one wallet.
pub(super) async fn fill(store: &Store, count: u32, now: Timestamp) -> Result<(), DbError> {
    let id: WalletId = Id::new(now, [7; 10]);
    let wallet = Wallet {
        id,
        merchant: None,
        environment: Environment::Live,
        family: "utxo".to_owned(),
        public_key: "bench".to_owned(),
        first_number: 0,
        next_number: count,
        created_at: now,
    };
    store.write(async move |tx: &mut Tx<'_>| tx.insert_wallet(&wallet).await).await?;
    for from in (0..count).step_by(usize::try_from(CHUNK).unwrap_or(1)) {
        let end = from.saturating_add(CHUNK).min(count);
        store
            .write(async move |tx: &mut Tx<'_>| {
                let sql = match tx.dialect() {
                    Dialect::Sqlite => SQLITE,
                    Dialect::Postgres => POSTGRES,
                };
                tx.exec(sql, vals![i64::from(from), i64::from(end), &id.text()]).await
            })
            .await?;
    }
    Ok(())
}

/// The script of an even number, as the statements write it.
pub(super) fn script(number: u32) -> [u8; 22] {
    let mut script = [0; 22];
    script[1] = 20;
    script[2..].copy_from_slice(&account(number));
    script
}

/// The account of an odd number.
pub(super) fn account(number: u32) -> [u8; 20] {
    let mut account = [b'0'; 20];
    let mut rest = number;
    for digit in account.iter_mut().rev() {
        *digit = b"0123456789"[usize::try_from(rest % 10).unwrap_or_default()];
        rest /= 10;
    }
    account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_as_the_statements_write_them() {
        assert_eq!(account(1_234_567), *b"00000000000001234567");
        assert_eq!(script(20)[..3], [0, 20, b'0']);
        assert_eq!(script(20)[20..], *b"20");
    }
}
