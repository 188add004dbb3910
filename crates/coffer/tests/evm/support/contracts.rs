//! The tokens of the chain room's tests, compiled, and calls of them.

/// An ordinary token.
pub const PLAIN: &str = include_str!("../../../../chains/tests/contracts/PlainToken.hex");
/// Keeps a tenth of each transfer and logs the whole.
pub const FEE: &str = include_str!("../../../../chains/tests/contracts/FeeToken.hex");
/// Logs transfers and moves nothing.
pub const LYING: &str = include_str!("../../../../chains/tests/contracts/LyingToken.hex");

/// Creation code with its arguments: decimals and supply, which goes to the sender.
pub fn creation(code: &str, decimals: u8, supply: u128) -> String {
    format!("0x{}{decimals:064x}{supply:064x}", code.trim())
}

/// `transfer(address,uint256)`.
pub fn transfer_input(to: &str, units: u128) -> String {
    let account = to.strip_prefix("0x").unwrap().to_ascii_lowercase();
    format!("0xa9059cbb{account:0>64}{units:064x}")
}
