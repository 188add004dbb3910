//! The states of the samples.

use super::minutes;
use crate::checkout::view::{
    Cancelled, CheckoutState, Choose, ChooseProblem, Coin, CoinChoice, Counts, EmailField, Expired,
    FailReason, Failed, Needed, Paid, PartPaid, Pay, Price, Seen, Transaction, Unavailable,
};

/// Ticker, name, network, total, seconds to final, network fee in EUR; the stable ones first.
const COINS: [(&str, &str, &str, &str, u32, &str); 11] = [
    ("USDC", "USD Coin", "Polygon", "108.43", 10, "0.01"),
    ("USDC", "USD Coin", "Base", "108.43", 30, "0.01"),
    ("USDT", "Tether USD", "TRON", "108.51", 60, "1.20"),
    ("USDT", "Tether USD", "BNB Smart Chain", "108.51", 20, "0.05"),
    ("USDC", "USD Coin", "Ethereum", "108.43", 900, "0.35"),
    ("BTC", "Bitcoin", "Bitcoin", "0.00123457", 1_800, "0.42"),
    ("ETH", "Ether", "Ethereum", "0.041234", 900, "0.20"),
    ("LTC", "Litecoin", "Litecoin", "1.27394021", 600, "0.01"),
    ("BNB", "BNB", "BNB Smart Chain", "0.1432", 20, "0.03"),
    ("POL", "Polygon Ecosystem Token", "Polygon", "512.4401", 10, "0.01"),
    ("TRX", "TRON", "TRON", "402.113", 60, "0.10"),
];

const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const BITCOIN_ADDRESS: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const HASH: &str = "0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b";

fn row(index: usize) -> CoinChoice {
    let (code, name, network, total, usual_wait_seconds, fee) = COINS[index];
    CoinChoice {
        value: format!("{code}:{}", network.to_lowercase().replace(' ', "-")),
        coin: Coin {
            code: code.to_owned(),
            name: name.to_owned(),
            network: network.to_owned(),
            contract: None,
        },
        stable: code.starts_with("USD"),
        total: Some(total.to_owned()),
        usual_wait_seconds,
        network_fee: Some(Price { amount: fee.to_owned(), currency: "EUR".to_owned() }),
        cheapest: index == 0,
        fastest: index == 0,
        selected: false,
        unavailable: None,
    }
}

fn refused(index: usize, why: Unavailable) -> CoinChoice {
    CoinChoice { total: None, unavailable: Some(why), ..row(index) }
}

fn list(coins: Vec<CoinChoice>) -> Choose {
    Choose {
        coins,
        email: EmailField::Ask(String::new()),
        open_until: minutes(180),
        lock_seconds: 3_600,
        changing_from: None,
        problem: None,
    }
}

pub(super) fn choose() -> CheckoutState {
    let mut coins: Vec<_> = (0..COINS.len()).map(row).collect();
    coins[8] = refused(8, Unavailable::NetworkBehind);
    coins[10] = refused(10, Unavailable::NoRate);
    CheckoutState::Choose(list(coins))
}

pub(super) fn choose_short() -> CheckoutState {
    let mut coins = vec![row(0), row(5), refused(6, Unavailable::TooSmall)];
    coins[0].selected = true;
    coins[1].network_fee = None;
    CheckoutState::Choose(Choose { email: EmailField::Known, ..list(coins) })
}

pub(super) fn choose_changing() -> CheckoutState {
    let coins = [0, 2, 5, 6].map(row).into();
    CheckoutState::Choose(Choose { changing_from: Some(row(0).coin), ..list(coins) })
}

pub(super) fn choose_problem() -> CheckoutState {
    let coins = [0, 2, 5, 6].map(row).into();
    CheckoutState::Choose(Choose { problem: Some(ChooseProblem::CoinGone), ..list(coins) })
}

pub(super) fn choose_often() -> CheckoutState {
    let coins = [0, 2, 5, 6].map(row).into();
    let changing_from = Some(row(0).coin);
    let problem = Some(ChooseProblem::ChangedTooOften);
    CheckoutState::Choose(Choose { changing_from, problem, ..list(coins) })
}

pub(super) fn choose_email_problem() -> CheckoutState {
    let email = EmailField::Ask("anna at dairy".to_owned());
    let mut coins: Vec<_> = [0, 2, 5, 6].map(row).into();
    coins[1].selected = true;
    CheckoutState::Choose(Choose { problem: Some(ChooseProblem::Email), email, ..list(coins) })
}

fn token() -> Coin {
    let contract = "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359".to_owned();
    Coin { contract: Some(contract), ..row(0).coin }
}

fn payment() -> Pay {
    Pay {
        coin: token(),
        amount: "108.43".to_owned(),
        address: ADDRESS.to_owned(),
        qr: ADDRESS.to_owned(),
        wallet_link: Some(format!("ethereum:{ADDRESS}@137/transfer?uint256=108430000")),
        rate: Some("0.92225398".to_owned()),
        from: minutes(-2),
        until: minutes(58),
        counts: Counts::WhenSeen,
        usual_wait_seconds: 10,
        can_change: true,
        page_url: "https://pay.dairy.example/payment/0dR7kQ2mVb5XtYw9LpA3Zc".to_owned(),
    }
}

pub(super) fn pay() -> CheckoutState {
    CheckoutState::Pay(payment())
}

pub(super) fn uncounted() -> Vec<String> {
    vec!["12.00\u{a0}USDT".to_owned()]
}

pub(super) fn pay_bitcoin() -> CheckoutState {
    let link = format!("bitcoin:{BITCOIN_ADDRESS}?amount=0.00123457");
    CheckoutState::Pay(Pay {
        coin: row(5).coin,
        amount: "0.00123457".to_owned(),
        address: BITCOIN_ADDRESS.to_owned(),
        qr: link.clone(),
        wallet_link: Some(link),
        rate: Some("81000.00".to_owned()),
        counts: Counts::WhenConfirmed,
        usual_wait_seconds: 1_800,
        can_change: false,
        ..payment()
    })
}

pub(super) fn pay_soon() -> CheckoutState {
    CheckoutState::Pay(Pay { from: minutes(-56), until: minutes(4), ..payment() })
}

pub(super) fn pay_over() -> CheckoutState {
    CheckoutState::Pay(Pay { from: minutes(-60), until: minutes(0), ..payment() })
}

pub(super) fn pay_hostile() -> CheckoutState {
    let link = Some("javascript:alert(1)".to_owned());
    CheckoutState::Pay(Pay { wallet_link: link, ..payment() })
}

fn transaction(amount: &str) -> Vec<Transaction> {
    vec![Transaction { hash: HASH.to_owned(), amount: amount.to_owned() }]
}

fn on_its_way() -> Seen {
    Seen {
        coin: token(),
        received: "108.43".to_owned(),
        needed: Needed::Confirmations { have: 2, need: 5 },
        usual_wait_seconds: 8,
        will_mail: false,
        transactions: transaction("108.43"),
    }
}

pub(super) fn seen() -> CheckoutState {
    CheckoutState::Seen(on_its_way())
}

pub(super) fn seen_safe() -> CheckoutState {
    CheckoutState::Seen(Seen { needed: Needed::Safe, usual_wait_seconds: 480, ..on_its_way() })
}

pub(super) fn seen_finalized() -> CheckoutState {
    let needed = Needed::Finalized;
    CheckoutState::Seen(Seen { needed, usual_wait_seconds: 900, will_mail: true, ..on_its_way() })
}

fn part(until: i64) -> CheckoutState {
    CheckoutState::PartPaid(PartPaid {
        expected: "108.43".to_owned(),
        received: "68.43".to_owned(),
        received_per_mille: 631,
        rest: Pay { amount: "40.00".to_owned(), until: minutes(until), ..payment() },
    })
}

pub(super) fn part_paid() -> CheckoutState {
    part(41)
}

pub(super) fn part_paid_over() -> CheckoutState {
    part(0)
}

fn receipt() -> Paid {
    Paid {
        coin: token(),
        expected: "108.43".to_owned(),
        received: "108.43".to_owned(),
        surplus: None,
        rate: Some("0.92225398".to_owned()),
        at: minutes(-1),
        transactions: transaction("108.43"),
    }
}

pub(super) fn paid() -> CheckoutState {
    CheckoutState::Paid(receipt())
}

pub(super) fn paid_surplus() -> CheckoutState {
    let (received, surplus) = ("120.00".to_owned(), Some("11.57".to_owned()));
    CheckoutState::Paid(Paid { received, surplus, ..receipt() })
}

pub(super) fn expired() -> CheckoutState {
    CheckoutState::Expired(Expired { at: minutes(-12), coin: Some(token()), arrived_late: None })
}

pub(super) fn expired_late() -> CheckoutState {
    let late = Some("108.43\u{a0}USDC".to_owned());
    CheckoutState::Expired(Expired { at: minutes(-12), coin: Some(token()), arrived_late: late })
}

pub(super) fn expired_no_coin() -> CheckoutState {
    CheckoutState::Expired(Expired { at: minutes(-12), coin: None, arrived_late: None })
}

fn shortfall() -> Failed {
    Failed {
        at: minutes(-12),
        coin: token(),
        expected: "108.43".to_owned(),
        received: "68.43".to_owned(),
        reason: FailReason::TooLittle,
    }
}

pub(super) fn failed() -> CheckoutState {
    CheckoutState::Failed(shortfall())
}

pub(super) fn failed_not_confirmed() -> CheckoutState {
    let received = "108.43".to_owned();
    CheckoutState::Failed(Failed { received, reason: FailReason::NotConfirmed, ..shortfall() })
}

fn withdrawn() -> Cancelled {
    Cancelled { at: minutes(-3), address_shown: true, arrived_late: None }
}

pub(super) fn cancelled() -> CheckoutState {
    CheckoutState::Cancelled(withdrawn())
}

pub(super) fn cancelled_late() -> CheckoutState {
    let arrived_late = Some("108.43\u{a0}USDC".to_owned());
    CheckoutState::Cancelled(Cancelled { arrived_late, ..withdrawn() })
}

pub(super) fn cancelled_unseen() -> CheckoutState {
    CheckoutState::Cancelled(Cancelled { address_shown: false, ..withdrawn() })
}
