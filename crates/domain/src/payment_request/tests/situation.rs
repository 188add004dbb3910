//! A request brought into a situation, in few words. Times are minutes after its creation.

use crate::{
    callback::CallbackKind,
    code::{Iso, NetworkName},
    id::{MerchantId, PaymentRequestId, QuoteId},
    merchant::{Environment, Scope},
    money::{AssetId, Currency, Money, Units},
    payment_request::{
        CaseKind, Effect, Fact, Needed, OpenedCase, Opening, PaymentRequest, Policy, Quote,
    },
    time::{Span, Timestamp},
    transfer::{BlockRef, Observation, Position, TransferReference},
};

/// When the request is created.
pub(super) const START: Timestamp = Timestamp::from_seconds(1_700_000_000);
/// Lifespan, in minutes.
pub(super) const LIFESPAN: i64 = 12 * 60;
/// What a quote expects.
pub(super) const EXPECTED: u128 = 1_000;
/// How much less still pays.
pub(super) const TOLERANCE: u128 = 5;
/// Confirmations a transfer needs.
pub(super) const NEEDED: u32 = 3;

/// So many minutes after creation.
pub(super) fn minute(minutes: i64) -> Timestamp {
    START.plus(Span::from_minutes(minutes))
}

pub(super) fn network(name: &str) -> NetworkName {
    NetworkName::new(name).unwrap()
}

pub(super) fn asset(iso: &str, name: &str) -> AssetId {
    AssetId { iso: Iso::new(iso).unwrap(), network: network(name) }
}

pub(super) fn btc() -> AssetId {
    asset("BTC", "bitcoin")
}

pub(super) fn usdt() -> AssetId {
    asset("USDT", "tron")
}

/// A request without a coin.
pub(super) fn created(policy: Policy) -> PaymentRequest {
    PaymentRequest::open(Opening {
        id: PaymentRequestId::from_bytes([1; 16]),
        scope: Scope {
            merchant: MerchantId::from_bytes([2; 16]),
            environment: Environment::Sandbox,
        },
        price: Money {
            currency: Currency::Fiat(Iso::new("EUR").unwrap()),
            units: Units::new(10_00),
        },
        created_at: START,
        valid_until: minute(LIFESPAN),
        policy,
    })
}

/// A quote of [`EXPECTED`], locked for an hour.
pub(super) fn quote(number: u8, asset: AssetId, address: &str, from: i64) -> Quote {
    Quote {
        id: QuoteId::from_bytes([number; 16]),
        asset,
        address: address.to_owned(),
        expected: Units::new(EXPECTED),
        tolerance: Units::new(TOLERANCE),
        needed: Needed::Confirmations(NEEDED),
        locked_at: minute(from),
        locked_until: minute(from + 60),
    }
}

/// A request with one quote: bitcoin to `here`, locked from minute 0 to 60.
pub(super) fn processing(policy: Policy) -> PaymentRequest {
    let mut request = created(policy);
    request.proceed(quote(1, btc(), "here", 0), START).unwrap();
    request
}

/// One look at a bitcoin transfer to `here`.
pub(super) fn look(name: &str, units: u128, number: u64, position: Position) -> Observation {
    Observation {
        reference: TransferReference {
            network: network("bitcoin"),
            transaction: name.to_owned(),
            position: "0".to_owned(),
        },
        asset: btc(),
        address: "here".to_owned(),
        units: Units::new(units),
        observed_at: match &position {
            Position::Block { time, .. } => *time,
            Position::Pending | Position::Gone => START,
        },
        look: number,
        blind: false,
        unseen_since: Timestamp::MAX,
        position,
    }
}

/// Seen pending at that minute.
pub(super) fn pending(name: &str, units: u128, number: u64, at: i64) -> Observation {
    Observation { observed_at: minute(at), ..look(name, units, number, Position::Pending) }
}

/// Seen in a block of that minute.
pub(super) fn block(
    name: &str,
    units: u128,
    number: u64,
    at: i64,
    confirmations: u32,
) -> Observation {
    look(name, units, number, in_block(at, confirmations, false))
}

pub(super) fn in_block(at: i64, confirmations: u32, finalized: bool) -> Position {
    let height = u64::try_from(at.max(0)).unwrap();
    let at_block = BlockRef { height, hash: format!("block-{height}") };
    Position::Block { at: at_block, time: minute(at), confirmations, safe: finalized, finalized }
}

/// Seen final, in a block of that minute.
pub(super) fn deep(name: &str, units: u128, number: u64, at: i64) -> Observation {
    block(name, units, number, at, NEEDED)
}

/// Seen to have gone.
pub(super) fn gone(name: &str, units: u128, number: u64) -> Observation {
    look(name, units, number, Position::Gone)
}

/// The same look, at another asset and address.
pub(super) fn to(asset: AssetId, address: &str, seen: Observation) -> Observation {
    let reference = TransferReference { network: asset.network, ..seen.reference };
    Observation { asset, address: address.to_owned(), reference, ..seen }
}

pub(super) fn mark(name: &str, at: i64) -> Fact {
    Fact::Watermark { network: network(name), through: minute(at) }
}

impl PaymentRequest {
    /// Notes looks and then decides, with bitcoin reported up to that minute.
    pub(super) fn reports(&mut self, at: i64, looks: &[Observation]) -> Vec<Effect> {
        for seen in looks {
            assert_eq!(self.apply(&Fact::Transfer(seen.clone())), Ok(vec![]));
        }
        self.apply(&mark("bitcoin", at)).unwrap()
    }
}

pub(super) fn tells(kind: CallbackKind) -> Effect {
    Effect::Callback(kind)
}

/// A case of one bitcoin transfer.
pub(super) fn opens(kind: CaseKind, units: u128, name: &str) -> Effect {
    let transfer = Some(look(name, units, 0, Position::Gone).reference);
    Effect::OpenCase(OpenedCase { kind, asset: btc(), units: Units::new(units), transfer })
}

/// A case of a sum of bitcoin.
pub(super) fn opens_sum(kind: CaseKind, units: u128) -> Effect {
    Effect::OpenCase(OpenedCase { kind, asset: btc(), units: Units::new(units), transfer: None })
}
