//! The few places where the two databases need different words.

/// Which database a transaction runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A statement: one text for both databases, or one for each. Made by [`sql!`](crate::sql).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for PostgreSQL.
    pub postgres: &'static str,
}

impl Statement {
    /// The text for a database.
    #[must_use]
    pub const fn text(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

impl From<&'static str> for Statement {
    fn from(both: &'static str) -> Self {
        Self { sqlite: both, postgres: both }
    }
}

/// Marks a statement, so that a test finds it and prepares it on both databases, and checks while
/// compiling that its `$1…$n` are first used in rising order.
///
/// `sql!("…")` is a text for both; `sql!(sqlite: "…", postgres: "…")` is for the rare statement
/// that cannot be said in one.
#[macro_export]
macro_rules! sql {
    (sqlite: $sqlite:expr, postgres: $postgres:expr $(,)?) => {
        $crate::dialect::Statement {
            sqlite: $crate::sql!($sqlite),
            postgres: $crate::sql!($postgres),
        }
    };
    ($text:expr $(,)?) => {
        const {
            let text: &'static str = $text;
            assert!($crate::dialect::rises(text), "$1…$n must first be used in rising order");
            text
        }
    };
}

/// Whether the places `$1…$n` of a statement are first used in rising order, without a gap.
/// SQLite numbers them by first use and PostgreSQL by name; only then do both mean the same.
#[must_use]
pub const fn rises(sql: &str) -> bool {
    let text = sql.as_bytes();
    let (mut at, mut highest, mut quoted) = (0, 0_u32, false);
    while at < text.len() {
        let byte = text[at];
        at += 1;
        if byte == b'\'' {
            quoted = !quoted;
        }
        if quoted || byte != b'$' {
            continue;
        }
        let (mut number, first) = (0_u32, at);
        while at < text.len() && text[at].is_ascii_digit() && at < first + 4 {
            number = number * 10 + (text[at] - b'0') as u32;
            at += 1;
        }
        if at == first || number == 0 || number > highest + 1 {
            return false;
        }
        if number == highest + 1 {
            highest = number;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_by_first_use() {
        for good in ["SELECT 1", "SELECT $1", "SELECT $1, $2, $1, $3", "SELECT '$9', $1"] {
            assert!(rises(good), "{good}");
        }
        for bad in ["SELECT $2", "SELECT $2, $1", "SELECT $1, $3", "SELECT $0", "SELECT $a"] {
            assert!(!rises(bad), "{bad}");
        }
    }

    #[test]
    fn a_statement_may_differ() {
        let statement = sql!(sqlite: "SELECT 1", postgres: "SELECT 2");
        assert_eq!(statement.text(Dialect::Sqlite), "SELECT 1");
        assert_eq!(statement.text(Dialect::Postgres), "SELECT 2");
        assert_eq!(Statement::from(sql!("SELECT 3")).text(Dialect::Postgres), "SELECT 3");
    }
}
