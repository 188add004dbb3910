//! What an endpoint costs, for whoever watches the metrics: calls, and the blocks they were for.
//! The adapter counts by itself, because nobody else sees a call.

use coffer_domain::code::NetworkName;

/// Calls made, by network and number of the endpoint.
const CALLS: &str = "coffer_chain_calls_total";
/// Blocks told, by network and number of the endpoint.
const BLOCKS: &str = "coffer_chain_blocks_total";

/// The counters of one endpoint. Looked up whenever something is counted: who records metrics may
/// come later than the adapter.
pub(crate) struct Counters([(&'static str, String); 2]);

impl Counters {
    /// Counters of the `number`th endpoint of a network.
    pub(crate) fn new(network: NetworkName, number: usize) -> Self {
        Self([("network", network.to_string()), ("endpoint", number.to_string())])
    }

    /// Counts a call.
    pub(crate) fn call(&self) {
        metrics::counter!(CALLS, &self.0).increment(1);
    }

    /// Counts a block that was told.
    pub(crate) fn block(&self) {
        metrics::counter!(BLOCKS, &self.0).increment(1);
    }
}

/// Describes the metrics to whoever records them.
pub fn describe() {
    metrics::describe_counter!(CALLS, "Calls made to an endpoint of a network");
    metrics::describe_counter!(BLOCKS, "Blocks that an endpoint of a network told");
}
