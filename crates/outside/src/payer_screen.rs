//! Screening of payers' funds.

use async_trait::async_trait;
use coffer_domain::{
    id::PaymentRequestId,
    ports::{PayerScreen, PayerVerdict},
    transfer::ChainTransfer,
};

/// No screening: every payer's funds are taken. For installations that screen elsewhere or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoPayerScreen;

#[async_trait]
impl PayerScreen for NoPayerScreen {
    async fn screen(&self, _: PaymentRequestId, _: &ChainTransfer) -> PayerVerdict {
        PayerVerdict::Pass
    }
}
