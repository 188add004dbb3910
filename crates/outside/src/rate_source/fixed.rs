//! The source `fixed`: the catalogue's made-up prices, for the sandbox and tests.

use std::sync::Arc;

use async_trait::async_trait;
use coffer_domain::{
    catalogue::Catalogue,
    code::Iso,
    ports::{RateSource, RateSourceError},
    rate::{FIXED, RatePoint, fixed_points},
    time::Timestamp,
};

/// Names a made-up price for every coin and currency of a catalogue, whenever it is asked.
pub struct FixedSource {
    catalogue: Arc<Catalogue>,
}

impl FixedSource {
    /// Speaks for this catalogue.
    #[must_use]
    pub const fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue }
    }
}

#[async_trait]
impl RateSource for FixedSource {
    fn name(&self) -> &'static str {
        FIXED
    }

    async fn fetch(
        &self,
        _coins: &[Iso],
        _fiats: &[Iso],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        Ok(fixed_points(&self.catalogue, now))
    }
}
