//! The European Central Bank's reference rates: currencies per euro, once each working day.

use std::str;

use async_trait::async_trait;
use coffer_domain::{
    code::Iso,
    ports::{RateSource, RateSourceError},
    rate::RatePoint,
    time::Timestamp,
};
use jiff::{civil::Date, tz::TimeZone};
use roxmltree::{Document, Node};

use super::{
    inquiry::{ANSWER_BYTES, Inquiry},
    market::{past, rate},
};
use crate::client::GuardedClient;

/// Frankfurt's clock (POSIX.1, section 8.3): the same rule since 1996.
const FRANKFURT: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
/// The hour at which the day's rates are published, in Frankfurt.
const PUBLISHED_AT: i8 = 16;

/// The European Central Bank.
pub struct Ecb {
    inquiry: Inquiry,
}

impl Ecb {
    /// Where the reference rates are.
    pub const BASE_URL: &'static str = "https://www.ecb.europa.eu";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        Self { inquiry: Inquiry::new("ecb", base_url, client) }
    }
}

#[async_trait]
impl RateSource for Ecb {
    fn name(&self) -> &'static str {
        self.inquiry.name()
    }

    async fn fetch(
        &self,
        _coins: &[Iso],
        fiats: &[Iso],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        let path = "/stats/eurofxref/eurofxref-daily.xml";
        let body = self.inquiry.ask_ok(path, ANSWER_BYTES, now).await?;
        let points = self.read(&body, fiats, now).ok_or_else(|| self.inquiry.nonsense())?;
        if points.is_empty() { Err(self.inquiry.silent()) } else { Ok(points) }
    }
}

impl Ecb {
    /// The newest day's rates; none when the document has no day.
    fn read(&self, body: &[u8], fiats: &[Iso], now: Timestamp) -> Option<Vec<RatePoint>> {
        let document = Document::parse(str::from_utf8(body).ok()?).ok()?;
        let cubes = document.descendants().filter(|node| node.tag_name().name() == "Cube");
        let days = cubes.filter_map(|cube| Some((published(cube.attribute("time")?)?, cube)));
        let (at, day) = days.max_by_key(|(at, _)| *at)?;
        let at = past(at, now)?;
        let base = Iso::new("EUR").ok()?;
        let point = |cube: Node<'_, '_>| {
            let quote = Iso::new(cube.attribute("currency")?).ok()?;
            // USD is always said: prices of coins cross over it.
            let wanted = quote.as_str() == "USD" || fiats.contains(&quote);
            let price = rate(cube.attribute("rate")?).filter(|_| wanted)?;
            Some(RatePoint { source: self.name(), base, quote, bid: price, ask: price, at })
        };
        Some(day.children().filter_map(point).collect())
    }
}

fn published(date: &str) -> Option<Timestamp> {
    let local = date.parse::<Date>().ok()?.at(PUBLISHED_AT, 0, 0, 0);
    let at = TimeZone::posix(FRANKFURT).ok()?.to_timestamp(local).ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}
