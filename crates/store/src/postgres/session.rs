//! Statements on a borrowed connection.

use std::{cell::Cell, rc::Rc};

use deadpool_postgres::{ClientWrapper, Object};
use tokio_postgres::{Error, Row as ServerRow, Statement, types::ToSql};

use super::fault::{is_cut, meaning};
use crate::{
    dialect::rises,
    error::DbError,
    value::{Row, RowOf, Val},
};

/// A connection for the time of one transaction. `BEGIN` travels with the first statement, so that
/// a transaction costs one round trip less.
pub(crate) struct Session {
    /// None once the connection was thrown away.
    object: Option<Object>,
    begin: &'static str,
    begun: bool,
    /// Whether a body that is waiting waits for this session.
    busy: Rc<Cell<bool>>,
}

impl Session {
    pub(crate) fn new(object: Object, begin: &'static str) -> Self {
        Self { object: Some(object), begin, begun: false, busy: Rc::default() }
    }

    /// Tells, while a body waits, whether it waits for this session.
    pub(crate) fn busy(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.busy)
    }

    pub(crate) async fn exec(
        &mut self,
        sql: &'static str,
        values: &[Val<'_>],
    ) -> Result<u64, DbError> {
        self.send(sql, async |client, statement| client.execute(statement, &places(values)).await)
            .await
    }

    pub(crate) async fn one<T>(
        &mut self,
        sql: &'static str,
        values: &[Val<'_>],
        read: &mut impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let rows = self.rows(sql, values).await?;
        if rows.len() > 1 {
            let reason = "more than one row in the answer".to_owned();
            return Err(DbError::Statement { sql: sql.to_owned(), reason });
        }
        rows.first().map(|row| read(&Row(RowOf::Postgres(row)))).transpose()
    }

    pub(crate) async fn many<T>(
        &mut self,
        sql: &'static str,
        values: &[Val<'_>],
        read: &mut impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let rows = self.rows(sql, values).await?;
        rows.iter().map(|row| read(&Row(RowOf::Postgres(row)))).collect()
    }

    /// Whether there is anything to commit or roll back.
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    /// Whether the connection is gone, and with it the transaction.
    pub(crate) fn is_gone(&self) -> bool {
        self.object.is_none()
    }

    pub(crate) async fn commit(&mut self) -> Result<(), DbError> {
        let Some(object) = &self.object else { return Err(gone()) };
        match object.batch_execute("COMMIT").await {
            Ok(()) => {
                self.begun = false;
                Ok(())
            }
            Err(error) => {
                let meaning = meaning(&error, "COMMIT");
                if is_cut(&error) {
                    self.discard();
                    return Err(DbError::OutcomeUnknown(meaning.to_string()));
                }
                // The server said no, and with that has rolled back.
                self.begun = false;
                Err(meaning)
            }
        }
    }

    /// Takes everything back. A connection that cannot is thrown away, which does the same.
    pub(crate) async fn roll_back(&mut self) {
        let Some(object) = self.object.as_ref().filter(|_| self.begun) else { return };
        if object.batch_execute("ROLLBACK").await.is_err() {
            self.discard();
        }
        self.begun = false;
    }

    /// Forgets prepared statements, which may be older than the tables.
    pub(crate) fn forget_statements(&self) {
        if let Some(object) = &self.object {
            object.statement_cache.clear();
        }
    }

    async fn rows(
        &mut self,
        sql: &'static str,
        values: &[Val<'_>],
    ) -> Result<Vec<ServerRow>, DbError> {
        self.send(sql, async |client, statement| client.query(statement, &places(values)).await)
            .await
    }

    async fn send<R>(
        &mut self,
        sql: &'static str,
        run: impl AsyncFnOnce(&ClientWrapper, &Statement) -> Result<R, Error>,
    ) -> Result<R, DbError> {
        if !rises(sql) {
            let reason = "$1…$n must first be used in rising order".to_owned();
            return Err(DbError::Statement { sql: sql.to_owned(), reason });
        }
        let client: &ClientWrapper = self.object.as_deref().ok_or_else(gone)?;
        self.busy.set(true);
        let work = async {
            let statement = client.prepare_cached(sql).await?;
            run(client, &statement).await
        };
        let answer = if self.begun {
            work.await
        } else {
            self.begun = true;
            // Polled in this order, so sent in this order.
            let (begun, answer) = tokio::join!(biased; client.batch_execute(self.begin), work);
            begun.and(answer)
        };
        self.busy.set(false);
        answer.map_err(|error| {
            if is_cut(&error) {
                self.discard();
            }
            meaning(&error, sql)
        })
    }

    fn discard(&mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A transaction left open must not be handed to the next borrower.
        if self.begun {
            self.discard();
        }
    }
}

fn places<'a>(values: &'a [Val<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn gone() -> DbError {
    DbError::Unavailable("the connection was lost".to_owned())
}
