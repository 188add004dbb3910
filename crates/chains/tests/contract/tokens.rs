//! The contracts of `tests/contracts/Tokens.sol`, compiled, and calls of them.

use alloy::primitives::{Address, U256, hex, keccak256};

/// An ordinary token.
pub(crate) const PLAIN: &str = include_str!("../contracts/PlainToken.hex");
/// Keeps a tenth of each transfer and logs the whole.
pub(crate) const FEE: &str = include_str!("../contracts/FeeToken.hex");
/// Logs transfers and moves nothing.
pub(crate) const LYING: &str = include_str!("../contracts/LyingToken.hex");

/// Says no, logs the transfer and moves nothing.
pub(crate) const FALSE: &str = include_str!("../contracts/FalseToken.hex");
/// Changes balances without a log.
pub(crate) const REBASING: &str = include_str!("../contracts/RebasingToken.hex");
/// Can be paused, and shuts out holders.
pub(crate) const PAUSABLE: &str = include_str!("../contracts/PausableToken.hex");
/// Pays coin by calls inside a transaction; no token.
pub(crate) const PAYER: &str = include_str!("../contracts/Payer.hex");

/// Creation code with its arguments: decimals and supply, which goes to the sender.
pub(crate) fn creation(code: &str, decimals: u8, supply: U256) -> String {
    format!("0x{}{}{}", code.trim(), word(U256::from(decimals)), word(supply))
}

/// `transfer(address,uint256)`.
pub(crate) fn transfer_input(to: &str, units: U256) -> String {
    format!("0xa9059cbb{}{}", account(to), word(units))
}

/// `transferTwice(address,uint256,uint256)`.
pub(crate) fn transfer_twice_input(to: &str, first: u64, second: u64) -> String {
    format!("0xf5e3eb7f{}{}{}", account(to), word(U256::from(first)), word(U256::from(second)))
}

/// A call of any function: its signature, then numbers.
pub(crate) fn call_input(signature: &str, arguments: &[U256]) -> String {
    let selector = &keccak256(signature)[..4];
    let arguments = arguments.iter().map(|number| word(*number)).collect::<String>();
    format!("0x{}{arguments}", hex::encode(selector))
}

/// An account as an argument of a call.
pub(crate) fn account_word(text: &str) -> U256 {
    text.parse::<Address>().unwrap().into_word().into()
}

fn word(number: U256) -> String {
    hex::encode(number.to_be_bytes::<32>())
}

fn account(text: &str) -> String {
    hex::encode(text.parse::<Address>().unwrap().into_word())
}
