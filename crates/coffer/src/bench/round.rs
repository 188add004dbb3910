//! Measuring everything in turn.

use coffer_wire::signature::PreparedSecret;

use super::{
    Failed, client,
    database::Database,
    options::{Create, Subject, Times},
    process::Server,
    report::{self, Row},
    requests::Merchant,
};

/// Runs the measurement and prints what it found.
pub(super) fn run(options: &Create) -> Result<(), Failed> {
    let mut rows: Vec<Row> = Vec::new();
    for round in 1..=options.rounds() {
        for row in measure(options, round)? {
            match rows.iter_mut().find(|known| known.is_of(&row)) {
                Some(known) => known.add(row),
                None => rows.push(row),
            }
        }
    }
    options.check(rows.iter().filter(|row| row.sample.per_second() > 0).count())?;
    report::print(&rows, options.json)
}

/// One round: fresh servers, all connections, everything in turn.
fn measure(options: &Create, round: u16) -> Result<Vec<Row>, Failed> {
    let mut hosts = Vec::new();
    for subject in options.subjects() {
        hosts.push(Host::start(subject)?);
    }
    let mut rows = Vec::new();
    for connections in options.connections() {
        for host in &mut hosts {
            let row = host.measure(connections, options.times())?;
            report::progress(round, &row);
            rows.push(row);
        }
    }
    Ok(rows)
}

/// A server with its database and its merchant.
struct Host {
    subject: Subject,
    merchant: Merchant,
    server: Server,
    /// Dropped behind the server.
    _database: Database,
}

impl Host {
    fn start(subject: Subject) -> Result<Self, Failed> {
        let database = Database::make(subject)?;
        let server = Server::start(subject.stored, &database.url, database.folder.path())?;
        let merchant = Merchant {
            path: server.listening.path.clone(),
            key: server.listening.key.clone(),
            secret: PreparedSecret::new(server.listening.secret.as_bytes()),
            order: subject.order,
            made: 0,
        };
        Ok(Self { subject, merchant, server, _database: database })
    }

    fn measure(&mut self, connections: usize, times: Times) -> Result<Row, Failed> {
        let seconds = (times.warm_up + times.measured).as_secs() + 1;
        let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
        // One connection waits for each answer, and gets none faster than in 40 microseconds.
        let most = self.subject.stored.most_per_second().min(connections * 25_000);
        let requests = self.merchant.sign(most * seconds);
        let before = self.server.processor_time()?;
        let driven = client::drive(self.server.listening.address, connections, requests, times)?;
        let used = self.server.processor_time()?.saturating_sub(before);
        let Subject { stored, order } = self.subject;
        Ok(Row {
            stored,
            order,
            connections,
            sample: driven.sample,
            memory: self.server.memory()?,
            processor: vec![used / driven.answers.max(1)],
        })
    }
}
