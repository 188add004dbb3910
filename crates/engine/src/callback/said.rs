//! What an endpoint said of a callback: kept so that somebody can see why it refuses, and sealed,
//! as it may repeat the personal data it was sent.

use coffer_domain::{callback::DeliveryOutcome, id::CallbackId};
use coffer_store::{callback::StoredCallback, tx::Tx};

use crate::{engine::Engine, error::EngineError};

/// Most letters that are kept.
const LETTERS: usize = 200;

impl Engine {
    /// The beginning of what was said, sealed as the callback's body is; none where nothing was.
    pub(super) async fn seal_said(
        &self,
        tx: &mut Tx<'_>,
        callback: &StoredCallback,
        outcome: &DeliveryOutcome,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let DeliveryOutcome::Answered { body, .. } = outcome else { return Ok(None) };
        let said = printable(body);
        if said.is_empty() {
            return Ok(None);
        }
        let customer = self.read_customer(tx, callback.customer).await?;
        Ok(Some(self.seal_as(customer.as_ref(), said.as_bytes(), &context(callback.id))))
    }

    /// A callback with what its endpoint said at the last attempt, for the command line; none where
    /// there is no such callback. What cannot be opened any more, as its customer was forgotten, is
    /// left out.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn callback_with_said(
        &self,
        id: CallbackId,
    ) -> Result<Option<(StoredCallback, Option<String>)>, EngineError> {
        let engine = self.clone();
        self.store()
            .read(async move |tx: &mut Tx<'_>| {
                let Some(callback) = tx.callback(id).await? else { return Ok(None) };
                let Some(sealed) = &callback.said else { return Ok(Some((callback, None))) };
                let customer = engine.read_customer(tx, callback.customer).await?;
                let opened = engine.unseal_as(customer.as_ref(), sealed, &context(id)).ok();
                let said = opened.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                Ok(Some((callback, said)))
            })
            .await
    }
}

/// Another than the body's, so that one is never taken for the other.
fn context(id: CallbackId) -> Vec<u8> {
    [&id.bytes()[..], b" said"].concat()
}

/// The beginning as one line that a terminal can show.
fn printable(body: &str) -> String {
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    body.trim().chars().map(shown).take(LETTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_is_kept_is_short_and_harms_no_terminal() {
        assert_eq!(printable(" no such\norder\u{1b}[31m\n"), "no such order [31m");
        assert_eq!(printable(&"ß".repeat(900)).chars().count(), 200);
        assert_eq!(printable("\n\n"), "");
    }
}
