//! The rules every chain adapter passes, run on the sandbox chain and on real nodes; then what
//! concerns one family only.

#![expect(clippy::unwrap_used, reason = "tests")]

mod anvil;
mod bitcoin;
mod endpoints;
mod evm;
mod fake_node;
mod fake_site;
mod faults;
mod hidden_logs;
mod inner;
mod ledger;
mod log;
mod news;
mod odd_tokens;
mod ranges;
mod rules;
mod setup;
mod tokens;
mod unseen;
mod utxo;
mod utxo_endpoints;
mod utxo_keys;
mod utxo_mempool;
mod utxo_world;
mod worlds;

/// Runs every rule in every world.
macro_rules! in_every_world {
    ($($rule:ident),+ $(,)?) => {
        mod sandbox { $(
            #[tokio::test]
            async fn $rule() {
                crate::rules::$rule(&mut crate::worlds::Sandbox::new()).await;
            }
        )+ }
        mod evm_coin { $(
            #[tokio::test]
            async fn $rule() {
                crate::rules::$rule(&mut crate::worlds::Evm::coin().await).await;
            }
        )+ }
        mod bitcoin_coin { $(
            #[tokio::test]
            async fn $rule() {
                use crate::{bitcoin::Program, utxo_world::Utxo};
                crate::rules::$rule(&mut Utxo::new(Program::Bitcoin).await).await;
            }
        )+ }
        mod litecoin_coin { $(
            #[tokio::test]
            async fn $rule() {
                use crate::{bitcoin::Program, utxo_world::Utxo};
                crate::rules::$rule(&mut Utxo::new(Program::Litecoin).await).await;
            }
        )+ }
        mod evm_token { $(
            #[tokio::test]
            async fn $rule() {
                crate::rules::$rule(&mut crate::worlds::Evm::token().await).await;
            }
        )+ }
    };
}

in_every_world!(
    the_chain_can_be_probed_and_is_live,
    each_block_names_the_one_before,
    a_height_beyond_the_tip_has_no_block,
    a_payment_is_pending_and_then_in_one_block,
    two_payments_of_one_block_are_told_apart,
    addresses_that_are_not_watched_are_not_reported,
    a_payment_of_nothing_is_ignored,
    a_payment_that_a_reorg_removes_comes_back_with_the_same_reference,
    a_block_can_be_read_again,
    addresses_are_derived_and_read_back,
);
