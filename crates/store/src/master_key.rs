//! Which master keys a database is sealed with, so that a lost or mistaken key file is noticed
//! before anything is sealed with another.

use std::path::{Path, PathBuf};

use coffer_domain::ports::Entropy;

use crate::{
    error::DbError,
    seal::{KeyFileError, MasterKeys},
    sql,
    store::Store,
    tx::Tx,
    vals,
};

/// Why a database and a key file do not go together.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// There is no file, but a database that was sealed.
    #[error(
        "the key file {path} is missing, and this database is sealed with {ids}: put your copy of \
         the file back; without it secrets and personal data cannot be read"
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// The ids of the keys, with commas.
        ids: String,
    },
    /// The file holds another key of that id, or none.
    #[error(
        "the key file {path} does not hold the key {id} with which this database is sealed; it is \
         the file of another installation, or a line was lost"
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// The key's id.
        id: String,
    },
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] DbError),
}

impl Store {
    /// The keys of a file, which must be those that the database is sealed with. At the first start
    /// the file is made; keys that were added since are noted.
    ///
    /// # Errors
    /// [`MasterKeyError`]; nothing was changed.
    pub async fn master_keys(
        &self,
        path: &Path,
        entropy: &dyn Entropy,
    ) -> Result<MasterKeys, MasterKeyError> {
        let known = self.read(async |tx: &mut Tx<'_>| tx.master_keys().await).await?;
        let keys = if known.is_empty() {
            MasterKeys::load_or_make(path, entropy)?
        } else if path.exists() {
            MasterKeys::load(path)?
        } else {
            let ids: Vec<&str> = known.iter().map(|(id, _)| id.as_str()).collect();
            return Err(MasterKeyError::Missing { path: path.to_owned(), ids: ids.join(", ") });
        };
        let held = keys.checks();
        // Judged before anything is noted; and again after, as another process may begin, too.
        let mut known = judge(known, &held, path)?;
        if held.iter().any(|(id, _)| !known.contains(id)) {
            let new = held.clone();
            let noted = self.write(async move |tx: &mut Tx<'_>| {
                for (id, check) in &new {
                    tx.note_master_key(id, check).await?;
                }
                tx.master_keys().await
            });
            known = judge(noted.await?, &held, path)?;
        }
        tracing::debug!(keys = known.len(), "the key file fits the database");
        Ok(keys)
    }
}

/// The ids of the keys, if the file holds all of them.
fn judge(
    known: Vec<(String, Vec<u8>)>,
    held: &[(String, [u8; 32])],
    path: &Path,
) -> Result<Vec<String>, MasterKeyError> {
    let fits = |id: &str, check: &[u8]| held.iter().any(|(own, mine)| own == id && mine == check);
    known
        .into_iter()
        .map(|(id, check)| match fits(&id, &check) {
            true => Ok(id),
            false => Err(MasterKeyError::Other { path: path.to_owned(), id }),
        })
        .collect()
}

impl Tx<'_> {
    /// The ids of the master keys that were used, each with the check of its key.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn master_keys(&mut self) -> Result<Vec<(String, Vec<u8>)>, DbError> {
        let columns = sql!("SELECT id, key_check FROM master_key ORDER BY id");
        self.many(columns, vals![], |row| Ok((row.text(0)?, row.bytes(1)?))).await
    }

    /// Notes a master key; one that is known stays as it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_master_key(&mut self, id: &str, check: &[u8]) -> Result<(), DbError> {
        let insert =
            sql!("INSERT INTO master_key (id, key_check) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        self.exec(insert, vals![id, check]).await?;
        Ok(())
    }
}
