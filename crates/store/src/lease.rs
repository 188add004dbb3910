//! The servers that share the database, and which of them does what only one may do at a time.

use crate::{codec, error::DbError, sql, tx::Tx, vals};

/// A thing that only one server does at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is.
    pub name: String,
    /// The server that does it; none once that has given it back.
    pub holder: Option<String>,
    /// How often the holder has changed.
    pub fence: u64,
}

impl Tx<'_> {
    /// Counts up the beat of a server, which says that it lives.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn beat(&mut self, server: &str) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO server (id, beat) VALUES ($1, 1) \
                 ON CONFLICT (id) DO UPDATE SET beat = server.beat + 1"
            ),
            vals![server],
        )
        .await?;
        Ok(())
    }

    /// Every server with its beat.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn beats(&mut self) -> Result<Vec<(String, u64)>, DbError> {
        self.many(sql!("SELECT id, beat FROM server ORDER BY id"), vals![], |row| {
            Ok((row.text(0)?, codec::count(row, 1)?))
        })
        .await
    }

    /// Forgets a server whose beat is still the one that was seen.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_server(&mut self, server: &str, beat: u64) -> Result<(), DbError> {
        self.exec(
            sql!("DELETE FROM server WHERE id = $1 AND beat = $2"),
            vals![server, codec::stored(beat)],
        )
        .await?;
        Ok(())
    }

    /// Every lease.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn leases(&mut self) -> Result<Vec<Lease>, DbError> {
        self.many(sql!("SELECT name, holder, fence FROM lease ORDER BY name"), vals![], |row| {
            Ok(Lease { name: row.text(0)?, holder: row.opt_text(1)?, fence: codec::count(row, 2)? })
        })
        .await
    }

    /// Takes a lease that nobody else has taken since it was seen; whether it did. `seen` is the
    /// fence it had, 0 where there was no such lease yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_lease(
        &mut self,
        name: &str,
        server: &str,
        seen: u64,
    ) -> Result<bool, DbError> {
        let taken = self
            .exec(
                sql!(
                    "INSERT INTO lease (name, holder, fence) VALUES ($1, $2, 1) \
                     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, \
                     fence = lease.fence + 1 WHERE lease.fence = $3"
                ),
                vals![name, server, codec::stored(seen)],
            )
            .await?;
        Ok(taken == 1)
    }

    /// Whether a server still holds a lease under that fence. Nobody can take it before this
    /// transaction has ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keeps_lease(
        &mut self,
        name: &str,
        server: &str,
        fence: u64,
    ) -> Result<bool, DbError> {
        let kept = self
            .exec(
                sql!(
                    "UPDATE lease SET fence = fence WHERE name = $1 AND holder = $2 AND fence = $3"
                ),
                vals![name, server, codec::stored(fence)],
            )
            .await?;
        Ok(kept == 1)
    }

    /// Gives back everything a server holds, as it ends.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn give_back(&mut self, server: &str) -> Result<(), DbError> {
        self.exec(sql!("UPDATE lease SET holder = NULL WHERE holder = $1"), vals![server]).await?;
        self.exec(sql!("DELETE FROM server WHERE id = $1"), vals![server]).await?;
        Ok(())
    }
}
