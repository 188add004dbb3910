//! The tokens of the chain room's tests, compiled, and calls of them.

/// An ordinary token.
pub const PLAIN: &str = include_str!("../../../../chains/tests/contracts/PlainToken.hex");
/// Keeps a tenth of each transfer and logs the whole.
pub const FEE: &str = include_str!("../../../../chains/tests/contracts/FeeToken.hex");
/// Logs transfers and moves nothing.
pub const LYING: &str = include_str!("../../../../chains/tests/contracts/LyingToken.hex");

/// Pays coin by calls inside a transaction; no token.
pub const PAYER: &str = include_str!("../../../../chains/tests/contracts/Payer.hex");

/// `pay(address,uint256)` of that contract.
pub fn pay_input(to: &str, wei: u128) -> String {
    with_account("c4076876", to, wei)
}

/// `payAndTakeBack(address,uint256)` of it: pays in a call that fails, then half of it.
pub fn take_back_input(to: &str, wei: u128) -> String {
    with_account("91599714", to, wei)
}

/// Creation code with its arguments: decimals and supply, which goes to the sender.
pub fn creation(code: &str, decimals: u8, supply: u128) -> String {
    format!("0x{}{decimals:064x}{supply:064x}", code.trim())
}

/// `transfer(address,uint256)`.
pub fn transfer_input(to: &str, units: u128) -> String {
    with_account("a9059cbb", to, units)
}

fn with_account(selector: &str, to: &str, number: u128) -> String {
    let account = to.strip_prefix("0x").unwrap().to_ascii_lowercase();
    format!("0x{selector}{account:0>64}{number:064x}")
}
