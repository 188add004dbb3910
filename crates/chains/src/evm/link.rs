//! Payment links of EVM networks (ERC-681).

use alloy::primitives::Address;
use coffer_domain::money::Units;

/// A link that fills in receiver and amount: a token's `transfer` call, or the coin's value.
pub(super) fn payment_link(
    chain_id: u64,
    token: Option<Address>,
    to: Address,
    units: Units,
) -> String {
    let (to, units) = (to.to_checksum(None), units.get());
    match token {
        Some(token) => format!(
            "ethereum:{}@{chain_id}/transfer?address={to}&uint256={units}",
            token.to_checksum(None)
        ),
        None => format!("ethereum:{to}@{chain_id}?value={units}"),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::address;

    use super::*;

    const TO: Address = address!("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359");
    const USDT: Address = address!("0xdAC17F958D2ee523a2206206994597C13D831ec7");

    #[test]
    fn a_token_link_calls_its_contract() {
        assert_eq!(
            payment_link(1, Some(USDT), TO, Units::new(2_500_000)),
            "ethereum:0xdAC17F958D2ee523a2206206994597C13D831ec7@1/transfer\
             ?address=0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359&uint256=2500000"
        );
    }

    #[test]
    fn a_coin_link_names_the_value_in_full() {
        assert_eq!(
            payment_link(137, None, TO, Units::new(10_u128.pow(19))),
            "ethereum:0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359@137?value=10000000000000000000"
        );
    }
}
