//! How a test's installation differs from the usual one.

use coffer::nodes::utxo::Kind;

use super::{Database, World};

/// The installation of a test.
pub struct Setup {
    pub(super) kind: Kind,
    pub(super) database: Database,
    /// What the nodes are started with beyond the usual, one after the other.
    pub(super) nodes: Vec<Vec<String>>,
    /// Whether Coffer asks the second node, too.
    pub(super) both_asked: bool,
}

impl Setup {
    pub fn of(kind: Kind) -> Self {
        Self { kind, database: Database::Sqlite, nodes: vec![Vec::new()], both_asked: false }
    }

    pub fn on(self, database: Database) -> Self {
        Self { database, ..self }
    }

    /// What the node is started with beyond the usual.
    pub fn with(mut self, argument: &str) -> Self {
        self.nodes[0].push(argument.to_owned());
        self
    }

    /// A second node of the network, which Coffer does not know.
    pub fn second_node(mut self) -> Self {
        self.nodes.push(Vec::new());
        self
    }

    /// A second node, whose endpoint stands behind the first.
    pub fn second_endpoint(mut self, arguments: &[&str]) -> Self {
        self.nodes.push(arguments.iter().map(|&argument| argument.to_owned()).collect());
        Self { both_asked: true, ..self }
    }

    pub async fn start(self) -> World {
        World::start(self).await
    }
}
