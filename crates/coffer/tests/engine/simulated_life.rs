//! The simulation in small: seeds hold, come to the same on both databases, reach what they are
//! for, and find every planted bug. `cargo xtask simulate` runs it at length.

use coffer::simulate::{
    Trouble,
    database::Kind,
    plant::Plant,
    run::Counts,
    seed::{Lived, live},
};

use crate::house::server;

/// Within so many seeds every planted bug is found.
const SEEDS_TO_FIND: u64 = 200;

async fn lived(kind: Kind, seed: u64) -> Lived {
    let lived = live(kind, server().as_deref(), seed, None).await;
    lived.unwrap_or_else(|trouble| panic!("seed {seed} on {kind}: {trouble}"))
}

async fn found(plant: Plant) -> u64 {
    for seed in 0..SEEDS_TO_FIND {
        match live(Kind::Sqlite, None, seed, Some(plant)).await {
            Ok(_) => {}
            Err(Trouble::Broken(_)) => return seed,
            Err(outside) => panic!("{outside}"),
        }
    }
    panic!("{plant:?} was not found in {SEEDS_TO_FIND} seeds");
}

#[tokio::test]
async fn a_seed_comes_to_the_same_on_both_databases() {
    // In 84 two requests end at the same moment.
    for seed in (1_000..1_005).chain([84]) {
        let [one, other] = [Kind::Sqlite, Kind::Postgres].map(|kind| lived(kind, seed));
        assert_eq!(one.await.digest, other.await.digest, "seed {seed}");
    }
}

#[tokio::test]
async fn a_seed_comes_to_the_same_again() {
    for seed in 2_000..2_003 {
        assert_eq!(
            lived(Kind::Sqlite, seed).await.digest,
            lived(Kind::Sqlite, seed).await.digest,
            "seed {seed}"
        );
    }
}

#[tokio::test]
async fn every_stage_fault_and_case_is_reached() {
    let mut counts = Counts::new();
    for seed in 3_000..3_040 {
        for (what, count) in lived(Kind::Sqlite, seed).await.counts {
            *counts.entry(what).or_default() += count;
        }
    }
    for (what, at_least) in [
        ("stage paid", 20),
        ("stage failed", 10),
        ("stage expired", 20),
        ("cancel", 5),
        ("change of coin or price", 10),
        ("case over", 5),
        ("case late", 20),
        ("case under", 5),
        ("case wrong_token", 10),
        ("case second_address", 1),
        ("case reversed", 1),
        ("told reversal", 1),
        ("told late_payment", 20),
        ("reorganisation of 1", 10),
        ("reorganisation of 4", 10),
        ("payment lost in a reorganisation", 10),
        ("payment replaced", 5),
        ("chain out of reach", 10),
        ("chain lags", 10),
        ("fault crash beforebody", 5),
        ("fault crash beforecommit", 5),
        ("fault crash aftercommit", 5),
        ("fault fail beforebody", 5),
        ("fault fail beforecommit", 5),
    ] {
        let reached = counts.get(what).copied().unwrap_or(0);
        assert!(reached >= at_least, "{what}: {reached} of {at_least} in {counts:#?}");
    }
}

#[tokio::test]
async fn a_cursor_committed_apart_from_its_facts_is_found() {
    found(Plant::CursorApart).await;
}

#[tokio::test]
async fn an_outbox_written_after_the_commit_is_found() {
    found(Plant::OutboxAfter).await;
}

#[tokio::test]
async fn a_transfer_that_counts_twice_is_found() {
    found(Plant::CountedTwice).await;
}

#[tokio::test]
async fn a_window_closed_by_our_clock_is_found() {
    found(Plant::OurClock).await;
}

#[tokio::test]
async fn a_reorganised_transfer_that_is_kept_is_found() {
    found(Plant::ReorgIgnored).await;
}
