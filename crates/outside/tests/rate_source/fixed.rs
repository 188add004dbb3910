use std::sync::Arc;

use coffer_domain::{catalogue::Catalogue, ports::RateSource, rate::fixed_points};
use coffer_outside::rate_source::FixedSource;

use super::*;

#[tokio::test]
async fn the_fixed_source_names_the_catalogue_s_prices_at_any_time() {
    let catalogue = Catalogue::builtin();
    let source = FixedSource::new(Arc::new(catalogue.clone()));
    let points = source.fetch(&[], &[], NOW).await.unwrap();
    assert_eq!(points, fixed_points(&catalogue, NOW));
    assert!(points.iter().all(|point| point.source == source.name() && point.at == NOW));
    assert!(points.iter().any(|point| point.base == iso("BTC") && point.quote == iso("USD")));
}
