use coffer_domain::{
    code::NetworkName, id::Id, merchant::Environment, money::AssetId, ports::ChainProbe,
    transfer::BlockRef,
};
use coffer_store::audit::NextAudit;

use super::*;
use crate::doctor::Gap;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
const NETWORK: NetworkName = NetworkName::constant("bitcoin");

fn at(height: u64) -> BlockRef {
    BlockRef { height, hash: format!("{height:064x}") }
}

fn tip(height: u64, age: i64, live: bool) -> Result<Tip, ChainError> {
    let time = NOW.minus(Span::from_seconds(age));
    Ok(Tip { at: at(height), time, safe_height: None, final_height: None, live })
}

fn silent() -> Result<Tip, ChainError> {
    Err(ChainError::Unreachable { network: NETWORK, reason: "no connection".to_owned() })
}

fn endpoint(number: usize, tip: Result<Tip, ChainError>) -> EndpointReport {
    EndpointReport {
        number,
        label: format!("node{number}:8332"),
        tip,
        capabilities: Vec::new(),
        kept_from: None,
        calls_last_minute: 0,
    }
}

fn network(endpoints: Vec<EndpointReport>, read_to: u64) -> NetworkDiagnosis {
    let cursor = Cursor {
        chain: NETWORK,
        at: at(read_to),
        block_time: NOW.minus(Span::from_seconds(i64::try_from(1_000 - read_to).unwrap() * 600)),
        look: 1,
        watermark: NOW,
        behind_since: None,
        behind_reason: None,
    };
    NetworkDiagnosis {
        name: NETWORK,
        block_seconds: 600,
        unsaid_words: None,
        probe: Ok(ChainProbe::default()),
        endpoints,
        cursor: Some(cursor),
        addresses: 0,
        audit: None,
        used: Vec::new(),
    }
}

fn said(network: NetworkDiagnosis, serving: Option<bool>) -> Vec<(Grade, String)> {
    let all = all(&[network], &[], &[], &[], serving, NOW);
    all.into_iter().map(|it| (it.grade, format!("{}: {}", it.about, it.what))).collect()
}

#[test]
fn where_all_is_well_nothing_is_found() {
    let well = network(vec![endpoint(1, tip(1_000, 60, true))], 1_000);
    assert_eq!(said(well, Some(true)), []);
    // A few blocks are read in a moment.
    let well = network(vec![endpoint(1, tip(1_000, 60, true))], 997);
    assert_eq!(said(well, Some(true)), []);
}

#[test]
fn one_silent_endpoint_of_two_is_notable_and_of_one_is_wrong() {
    let silent_one = endpoint(1, silent());
    let what = "bitcoin, endpoint 1 (node1:8332): bitcoin cannot be reached: no connection";
    let both = vec![silent_one.clone(), endpoint(2, tip(1_000, 60, true))];
    assert_eq!(said(network(both, 1_000), None), [(Grade::Notable, what.to_owned())]);
    let alone = network(vec![silent_one], 1_000);
    assert_eq!(said(alone, None), [(Grade::Wrong, what.to_owned())]);
}

#[test]
fn an_endpoint_of_another_chain_is_wrong_even_beside_a_right_one() {
    let (expected, found) = ("main".to_owned(), "test".to_owned());
    let other = Err(ChainError::OtherChain { network: NETWORK, expected, found });
    let both = vec![endpoint(1, tip(1_000, 60, true)), endpoint(2, other)];
    let found = said(network(both, 1_000), None);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, Grade::Wrong);
    assert!(found[0].1.contains("expected main, found test"), "{found:?}");
}

#[test]
fn a_node_that_lags_is_told_from_one_that_stands_still() {
    let stale = network(vec![endpoint(1, tip(1_000, 7_300, false))], 1_000);
    let found = said(stale, None);
    assert!(found[0].1.ends_with("its newest block, 1000, is 2 h old"), "{found:?}");
    let both = vec![endpoint(1, tip(1_000, 60, true)), endpoint(2, tip(990, 60, true))];
    let found = said(network(both, 1_000), None);
    assert_eq!(found[0].0, Grade::Notable);
    assert!(found[0].1.ends_with("it is 10 blocks behind another endpoint"), "{found:?}");
}

#[test]
fn an_endpoint_whose_final_block_is_far_below_another_s_is_named() {
    let of = |final_height: u64, live: bool, age: i64| {
        let tip = tip(1_000, age, live).unwrap();
        Ok(Tip { final_height: Some(final_height), ..tip })
    };
    // 10 minutes of 12 seconds are 50 blocks.
    let said_beside = |age: i64, low: Result<Tip, ChainError>| {
        let both = vec![endpoint(1, of(900, true, age)), endpoint(2, low)];
        said(NetworkDiagnosis { block_seconds: 12, ..network(both, 1_000) }, Some(true))
    };
    assert_eq!(said_beside(10, of(850, true, 10)), []);
    let what = "bitcoin, endpoint 2 (node2:8332): its finalized block, 849, is 51 below another \
                endpoint's, and payments wait for it";
    for age in [10, -120] {
        let found = said_beside(age, of(849, true, 10));
        assert_eq!(found, [(Grade::Notable, what.to_owned())], "{age}");
    }
    // What does not count holds nothing up.
    assert_eq!(said_beside(10, of(849, true, 71)), []);
    assert!(!said_beside(10, of(849, false, 10))[0].1.contains("payments wait"));
}

#[test]
fn what_is_not_read_to_the_tip_is_wrong() {
    let late = network(vec![endpoint(1, tip(1_000, 0, true))], 900);
    let what = "bitcoin: it was read up to block 900, 100 blocks (16 h) behind its node";
    assert_eq!(said(late.clone(), Some(true)), [(Grade::Wrong, what.to_owned())]);
    let never = NetworkDiagnosis { cursor: None, ..late.clone() };
    assert!(said(never, None)[0].1.contains("never been read"));
    let mut marked = late;
    let cursor = marked.cursor.as_mut().unwrap();
    cursor.behind_since = Some(NOW.minus(Span::from_minutes(5)));
    cursor.behind_reason = Some("no answer".to_owned());
    let what = "bitcoin: it has been behind for 5 min: no answer";
    assert_eq!(said(marked, None), [(Grade::Wrong, what.to_owned())]);
}

#[test]
fn blocks_that_no_endpoint_keeps_are_a_gap_and_one_that_keeps_them_closes_it() {
    let pruned = |number| {
        let report = endpoint(number, tip(1_000, 0, true));
        EndpointReport { kept_from: Some(950), ..report }
    };
    let found = said(network(vec![pruned(1), pruned(2)], 900), None);
    assert!(
        found[0].1.contains("blocks 901 to 949 were not read and are kept by no endpoint"),
        "{found:?}"
    );
    let whole = vec![pruned(1), endpoint(2, tip(1_000, 0, true))];
    assert!(said(network(whole, 900), None).iter().all(|(_, what)| !what.contains("kept by no")));
    assert_eq!(said(network(vec![pruned(1)], 1_000), None), []);
}

#[test]
fn a_server_that_does_not_run_is_told_where_it_should() {
    let well = || network(vec![endpoint(1, tip(1_000, 60, true))], 1_000);
    assert_eq!(said(well(), Some(false))[0].0, Grade::Notable);
    assert_eq!(said(well(), None), []);
}

#[test]
fn a_long_gap_names_the_limit_a_restored_wallet_needs() {
    let gap = Gap { issued: 60, unpaid: 35, longest: 35 };
    let (family, environment) = ("utxo".to_owned(), Environment::Live);
    let key = KeyDiagnosis { wallet: Id::new(NOW, [0; 10]), family, environment, first: 0, gap };
    let found = all(&[], std::slice::from_ref(&key), &[], &[], None, NOW);
    assert_eq!(found.len(), 1);
    assert!(found[0].what.starts_with("35 of its addresses in a row"), "{found:?}");
    assert!(found[0].advice.contains("gap limit to 100 or more"), "{found:?}");
    // What was skipped at the beginning may be a gap as well.
    let begun = |first| KeyDiagnosis { first, gap: Gap::default(), ..key.clone() };
    assert_eq!(all(&[], &[begun(19)], &[], &[], None, NOW), []);
    let found = all(&[], &[begun(500)], &[], &[], None, NOW);
    assert!(found[0].what.starts_with("its addresses begin with number 500"), "{found:?}");
    assert!(found[0].advice.contains("gap limit to 600 or more"), "{found:?}");
}

#[test]
fn an_address_that_holds_money_before_it_is_given_out_is_notable() {
    let mut used = network(vec![endpoint(1, tip(1_000, 60, true))], 1_000);
    used.used = vec![(Id::new(NOW, [0; 10]), 7)];
    let found = said(used, None);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, Grade::Notable);
    assert!(found[0].1.contains("address 7, which it gives out next or soon, holds money"));
}

#[test]
fn coins_that_cannot_be_taken_are_one_finding_for_each_network() {
    let coin = |iso: &str, refused: Option<&str>| CoinDiagnosis {
        asset: AssetId::new(iso.parse().unwrap(), NETWORK),
        environment: Environment::Live,
        refused: refused.map(str::to_owned),
    };
    let no_rate = Some("no rate for BTC in USD");
    let coins = [coin("BTC", no_rate), coin("XYZ", no_rate), coin("LTC", None)];
    let well = network(vec![endpoint(1, tip(1_000, 60, true))], 1_000);
    let found = all(std::slice::from_ref(&well), &[], &coins, &[], None, NOW);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, "BTC, XYZ cannot be taken: no rate for BTC in USD");
    // While the network itself is the reason, that is said and no more.
    let silent = network(vec![endpoint(1, silent())], 1_000);
    assert_eq!(all(&[silent], &[], &coins, &[], None, NOW).len(), 1);
}

fn stop(kind: StopKind) -> ChainStop {
    ChainStop {
        chain: NETWORK,
        kind,
        height: 990,
        reason: "a payment that had been final is gone".to_owned(),
        since: NOW.minus(Span::from_minutes(7)),
        was_behind_since: None,
    }
}

#[test]
fn of_a_stopped_network_is_said_what_to_look_at_and_how_it_goes_on_and_nothing_else() {
    let mut halted = network(vec![endpoint(1, tip(1_000, 60, true))], 990);
    let cursor = halted.cursor.as_mut().unwrap();
    cursor.behind_reason = Some("stopped: a payment that had been final is gone".to_owned());
    let networks = [halted];
    let found = all(&networks, &[], &[], &[stop(StopKind::Reversed)], None, NOW);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].grade, Grade::Wrong);
    let what = "it has been stopped for 7 min: a payment that had been final is gone";
    assert_eq!(found[0].what, what);
    assert!(found[0].advice.contains("with those of an explorer"), "{found:?}");
    assert!(found[0].advice.ends_with("then coffer chain clear bitcoin"), "{found:?}");
    let deep = all(&networks, &[], &[], &[stop(StopKind::TooDeep)], None, NOW);
    assert!(deep[0].advice.contains("coffer chain clear bitcoin (--from HEIGHT"), "{deep:?}");
}

#[test]
fn an_audit_that_is_late_by_more_than_an_hour_is_worth_knowing() {
    let late = |minutes: i64| {
        let due_at = NOW.minus(Span::from_minutes(minutes));
        let audit = Some(NextAudit { audited_at: due_at.minus(Span::from_hours(24)), due_at });
        said(
            NetworkDiagnosis { audit, ..network(vec![endpoint(1, tip(1_000, 60, true))], 1_000) },
            None,
        )
    };
    assert_eq!(late(60), []);
    assert_eq!(late(180), [(Grade::Notable, "bitcoin: its balance audit is 3 h late".to_owned())]);
}

fn prices(count: usize) -> Result<Named, String> {
    Ok(Named { prices: count, newest: Some(NOW) })
}

fn coin(environment: Environment) -> CoinDiagnosis {
    let asset = AssetId { iso: "BTC".parse().unwrap(), network: NETWORK };
    CoinDiagnosis { asset, environment, refused: Some("no wallet receives it".to_owned()) }
}

#[test]
fn too_few_markets_are_told_whatever_else_keeps_coins_from_being_taken() {
    let away = || Err("no answer in time".to_owned());
    let graded = |sources: &[(&'static str, Result<Named, String>)], coins: &[CoinDiagnosis]| {
        of_rates(sources, coins).map(|finding| (finding.grade, finding.what))
    };
    let one =
        [("kraken", prices(9)), ("binance", away()), ("coinbase", prices(0)), (ECB, prices(30))];
    let what = "1 of 3 markets name prices; a quote needs 2".to_owned();
    let live = [coin(Environment::Live)];
    assert_eq!(graded(&one, &live), Some((Grade::Wrong, what.clone())));
    for nobody in [[].as_slice(), &[coin(Environment::Sandbox)]] {
        assert_eq!(graded(&one, nobody), Some((Grade::Notable, what.clone())));
    }
    assert_eq!(
        graded(&[("kraken", prices(9)), ("binance", prices(1)), (ECB, away())], &live),
        None
    );
    assert_eq!(graded(&[(FIXED, prices(9))], &live), None);
}

#[test]
fn a_node_that_does_not_let_us_in_needs_other_settings_and_no_start() {
    let reason = "does not accept user and password (HTTP 401)".to_owned();
    let error = ChainError::NoAccess { network: NETWORK, reason };
    let network = network(vec![endpoint(1, Err(error))], 1_000);
    let findings = all(&[network], &[], &[], &[], Some(true), NOW);
    let advice = &findings[0].advice;
    assert!(!advice.contains("start the node"), "{advice}");
    for part in ["user and password", "cookie_file", "rpcallowip"] {
        assert!(advice.contains(part), "{part} is not in {advice}");
    }
}
