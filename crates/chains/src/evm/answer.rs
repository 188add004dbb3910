//! What a node answers, reduced to the fields that are read, and read strictly: `0x` and hex
//! digits, exact lengths, no other spelling. Unknown fields are passed over, because every network
//! adds its own; unknown transaction kinds are ordinary transactions here for the same reason.

use alloy::primitives::{Address, B256, Bytes, U256, hex};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

/// A 32 byte hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Hash(pub(super) B256);

/// A 20 byte account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account(pub(super) Address);

/// A number up to 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantity(pub(super) U256);

/// Bytes of any length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Data(pub(super) Bytes);

/// A block with its transactions as `T`; `T` may ignore them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeBlock<T> {
    pub(super) number: Quantity,
    pub(super) hash: Hash,
    pub(super) parent_hash: Hash,
    pub(super) timestamp: Quantity,
    /// Tells which contracts may have left records in it; none where the node does not say.
    #[serde(default)]
    pub(super) logs_bloom: Option<Data>,
    pub(super) transactions: Vec<T>,
}

/// The block being built, which has no hash yet. Its transactions are read one by one, so that one
/// that cannot be read does not hide the others.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PendingBlock {
    pub(super) number: Option<Quantity>,
    pub(super) transactions: Vec<Box<RawValue>>,
}

/// A transaction in a block.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Transaction {
    pub(super) hash: Hash,
    #[serde(default)]
    pub(super) from: Option<Account>,
    /// None where the transaction makes a contract.
    #[serde(default)]
    pub(super) to: Option<Account>,
    pub(super) value: Quantity,
}

/// A transaction in no block yet, with what it calls.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PendingTransaction {
    pub(super) hash: Hash,
    #[serde(default)]
    pub(super) to: Option<Account>,
    pub(super) value: Quantity,
    #[serde(alias = "data")]
    pub(super) input: Data,
}

/// How a transaction went.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    pub(super) transaction_hash: Hash,
    pub(super) block_hash: Hash,
    /// 1 when it did what it was made for.
    pub(super) status: Quantity,
}

/// The records that a transaction left.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ReceiptLogs {
    pub(super) logs: Vec<Log>,
}

/// A record left by a contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    pub(super) address: Account,
    pub(super) topics: Vec<Hash>,
    pub(super) data: Data,
    pub(super) block_hash: Hash,
    pub(super) block_number: Quantity,
    pub(super) transaction_hash: Hash,
    pub(super) log_index: Quantity,
    #[serde(default)]
    pub(super) removed: bool,
}

impl Quantity {
    /// The number, if it fits 64 bits.
    pub(super) fn small(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fixed(deserializer).map(|bytes| Self(B256::new(bytes)))
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fixed(deserializer).map(|bytes| Self(Address::new(bytes)))
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(digits(&text).map_err(D::Error::custom)?);
        bytes.map(|bytes| Self(bytes.into())).map_err(|_| D::Error::custom("not whole bytes"))
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = digits(&text).map_err(D::Error::custom)?;
        if digits.is_empty() || digits.len() > 64 {
            return Err(D::Error::custom("not a number of 1 to 64 hex digits"));
        }
        let number = U256::from_str_radix(digits, 16);
        number.map(Self).map_err(|_| D::Error::custom("not a number"))
    }
}

fn fixed<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(digits(&text).map_err(D::Error::custom)?, &mut bytes)
        .map_err(|_| D::Error::custom(format!("not {N} bytes")))?;
    Ok(bytes)
}

/// The digits after `0x`; nothing but hex digits, since the decoders below accept more.
fn digits(text: &str) -> Result<&str, &'static str> {
    let digits = text.strip_prefix("0x").ok_or("no 0x before the digits")?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then_some(digits).ok_or("not hex digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Option<U256> {
        serde_json::from_str::<Quantity>(text).ok().map(|quantity| quantity.0)
    }

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(quantity("\"0x0\""), Some(U256::ZERO));
        assert_eq!(quantity("\"0xFf\""), Some(U256::from(255)));
        assert_eq!(quantity(&format!("\"0x{}\"", "f".repeat(64))), Some(U256::MAX));
        for wrong in [
            "\"0x\"",
            "\"ff\"",
            "\"12\"",
            "12",
            "1e3",
            "\"0x1_0\"",
            "\"0x0x1\"",
            "\"0x-1\"",
            "\" 0x1\"",
            "null",
            "\"0xg\"",
        ] {
            assert_eq!(quantity(wrong), None, "{wrong}");
        }
        assert_eq!(quantity(&format!("\"0x1{}\"", "0".repeat(64))), None);
    }

    #[test]
    fn hashes_and_accounts_have_their_exact_length() {
        let hash = |digits: usize| {
            serde_json::from_str::<Hash>(&format!("\"0x{}\"", "a".repeat(digits))).is_ok()
        };
        assert_eq!([63, 64, 65, 66].map(hash), [false, true, false, false]);
        let account = |digits: usize| {
            serde_json::from_str::<Account>(&format!("\"0x{}\"", "a".repeat(digits))).is_ok()
        };
        assert_eq!([39, 40, 41, 64].map(account), [false, true, false, false]);
    }

    #[test]
    fn unknown_kinds_of_transactions_are_read() {
        let text = format!(
            r#"{{"type":"0x7e","hash":"0x{}","to":null,"value":"0x0","mint":"0x1"}}"#,
            "1".repeat(64)
        );
        let transaction = serde_json::from_str::<Transaction>(&text).unwrap();
        assert_eq!(transaction.to, None);
    }
}
