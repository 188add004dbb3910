//! The tables' history: numbered pairs of SQL files, applied in order, never changed once released.

use sha2::{Digest as _, Sha256};

use crate::{
    dialect::{Dialect, Statement},
    error::OpenError,
};

/// One step of the tables' history.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number, from 1 without gaps.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// Its text for either database.
    pub text: Statement,
}

macro_rules! migration {
    ($number:literal, $file:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            text: Statement {
                sqlite: include_str!(concat!("../migrations/sqlite/", $file, "_", $name, ".sql")),
                postgres: include_str!(concat!(
                    "../migrations/postgres/",
                    $file,
                    "_",
                    $name,
                    ".sql"
                )),
            },
        }
    };
}

/// The migrations of this program.
pub const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001", "house"),
    migration!(2, "0002", "safe_blocks"),
    migration!(3, "0003", "lease"),
    migration!(4, "0004", "chain_stop"),
    migration!(5, "0005", "audit"),
    migration!(6, "0006", "transfer_tx"),
    migration!(7, "0007", "alarm"),
    migration!(8, "0008", "blind_span"),
    migration!(9, "0009", "callback_said"),
    migration!(10, "0010", "inner_transfers"),
    migration!(11, "0011", "alarm_together"),
    migration!(12, "0012", "wallet_first"),
    migration!(13, "0013", "address_shown"),
    migration!(14, "0014", "block_again"),
    migration!(15, "0015", "books"),
];

/// What opening a store would do to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Numbers and names of the migrations to apply, in order.
    pub migrations: Vec<(u32, &'static str)>,
    /// The size of the database in bytes; a SQLite file is copied before it is migrated.
    pub bytes: u64,
    /// Whether the database exists and has been migrated before.
    pub exists: bool,
}

/// A migration as the database remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) hash: String,
}

impl Migration {
    /// SHA-256 of the text in hexadecimal, whatever line ends a checkout gave it.
    pub(crate) fn hash(&self, dialect: Dialect) -> String {
        let text = self.text.text(dialect).replace("\r\n", "\n");
        Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            for nibble in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(u32::from(nibble), 16));
            }
            hex
        })
    }
}

/// Compares what was applied with what is known, and gives what is left to do.
pub(crate) fn left(
    known: &'static [Migration],
    applied: &[Applied],
    dialect: Dialect,
) -> Result<&'static [Migration], OpenError> {
    for (index, done) in applied.iter().enumerate() {
        let Some(migration) = known.get(index) else {
            return Err(OpenError::NewerSchema {
                found: applied.last().map_or(0, |last| u32::try_from(last.number).unwrap_or(0)),
                known: known.last().map_or(0, |last| last.number),
            });
        };
        let same = i64::from(migration.number) == done.number
            && migration.name == done.name
            && migration.hash(dialect) == done.hash;
        if !same {
            let (number, name) = (migration.number, migration.name.to_owned());
            return Err(OpenError::ChangedMigration { number, name });
        }
    }
    Ok(known.get(applied.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_from_one_without_gaps() {
        for (migration, number) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.number, number, "{}", migration.name);
        }
    }

    #[test]
    fn no_rule_waits_for_the_commit() {
        // A rule checked only at COMMIT would fail a whole batch of unrelated writes on SQLite.
        for migration in MIGRATIONS {
            for text in [migration.text.sqlite, migration.text.postgres] {
                assert!(!text.to_uppercase().contains("DEFERRED"), "{}", migration.name);
            }
        }
    }

    #[test]
    fn line_ends_do_not_change_a_migration() {
        let migration =
            |sqlite| Migration { number: 1, name: "a", text: Statement { sqlite, postgres: "" } };
        let unix = migration("a;\nb;\n").hash(Dialect::Sqlite);
        assert_eq!(unix, migration("a;\r\nb;\r\n").hash(Dialect::Sqlite));
        assert_ne!(unix, migration("a;\nb; \n").hash(Dialect::Sqlite));
        assert_eq!(unix.len(), 64);
    }
}
