//! One number over everything a seed has committed, the same on both databases.

use coffer_store::{callback::StoredCallback, tx::Tx};
use sha2::{Digest as _, Sha256};

use super::{Trouble, run::Run};

impl Run {
    /// The bytes of a stored callback.
    pub(super) async fn body_of(&self, callback: &StoredCallback) -> Result<Vec<u8>, Trouble> {
        let Some(id) = callback.customer else {
            return self.world.open(&callback.body, &callback.id.bytes(), None);
        };
        match self.read(async move |tx: &mut Tx<'_>| tx.customer(id).await).await? {
            Some(customer) => {
                self.world.open(&callback.body, &callback.id.bytes(), Some(&customer))
            }
            None => self.broken("a callback of an unknown customer"),
        }
    }

    /// SHA-256 over stages, events, the outbox and the cursor, in order.
    pub(super) async fn digest(&self) -> Result<String, Trouble> {
        let mut hash = Sha256::new();
        for known in &self.known {
            let rows = self.rows(known).await?;
            hash.update(format!("{} {:?}\n", known.id, rows.stored.request.stage));
            for event in &rows.events {
                hash.update(format!(
                    "{} {} {} {} {:?}\n",
                    event.id, event.kind, event.status, event.summary, event.number
                ));
            }
            for case in &rows.cases {
                hash.update(format!(
                    "{} {} {} {:?}\n",
                    case.id, case.kind, case.units, case.transfer
                ));
            }
            for callback in &rows.callbacks {
                hash.update(format!("{} {}\n", callback.id, callback.ordinal));
                hash.update(self.body_of(callback).await?);
            }
        }
        let cursor = self.cursor().await?;
        let at = cursor.at;
        hash.update(format!(
            "{} {} {} {}",
            at.height,
            at.hash,
            cursor.look,
            cursor.watermark.millis()
        ));
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
