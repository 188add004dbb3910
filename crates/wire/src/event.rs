//! The events of payment requests: Coffer's own feed of what happened, oldest first.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::FieldErrors,
    payment_request::{MAX_LIMIT, Status, list_limit},
};

/// Something that happened to a payment request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView<'a> {
    /// Its place in the feed; `null` in the moment between its commit and its numbering.
    #[schema(required = true)]
    pub number: Option<u64>,
    /// Identity.
    pub id: &'a str,
    /// The request it happened to.
    pub payment_request_id: &'a str,
    /// What happened, such as `created`, `rate_fixed`, `transaction`, `paid`.
    #[serde(rename = "type")]
    #[schema(example = "rate_fixed")]
    pub kind: &'a str,
    /// Where the request stood afterwards.
    pub status: Status,
    /// What happened, in a sentence without personal data.
    pub summary: &'a str,
    /// When; Unix seconds.
    pub created_at: i64,
}

/// Which events are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Only those after this number; 0 from the beginning.
    pub after: u64,
    /// How many, 1 to 100.
    pub limit: u16,
}

impl EventQuery {
    /// Reads the query's decoded pairs; an unknown name is refused.
    ///
    /// # Errors
    /// One sentence for each wrong parameter.
    pub fn parse<'q>(
        pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
    ) -> Result<Self, FieldErrors> {
        let mut query = Self { after: 0, limit: MAX_LIMIT };
        let mut errors = FieldErrors::default();
        for (name, value) in pairs {
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            match (name, value.parse()) {
                ("after", Ok(after)) if digits => query.after = after,
                ("after", _) => errors.add("after", "The cursor is the number of an event."),
                ("limit", _) => match list_limit(value) {
                    Ok(limit) => query.limit = limit,
                    Err(sentence) => errors.add("limit", sentence),
                },
                _ => errors
                    .add(name.to_owned(), "There is no such parameter; after and limit are known."),
            }
        }
        if errors.is_empty() { Ok(query) } else { Err(errors) }
    }
}

/// A page of events: `{"data":[…],"next":17}`; `next` is what to ask for `after`, also when nothing
/// new is there.
#[must_use]
pub fn render_events(events: &[EventView<'_>], next: u64) -> Vec<u8> {
    serde_json::to_vec(&EventPage { data: events, next }).unwrap_or_default()
}

/// A page of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage<'a> {
    /// The events, oldest first.
    pub data: &'a [EventView<'a>],
    /// What to ask for `after` next time.
    pub next: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_goes_on_from_a_number() {
        let query = EventQuery::parse([("after", "17"), ("limit", "5")]).unwrap();
        assert_eq!(query, EventQuery { after: 17, limit: 5 });
        assert_eq!(EventQuery::parse([]).unwrap(), EventQuery { after: 0, limit: 100 });
        let wrong = [("after", "-1"), ("limit", "x"), ("before", "1")];
        assert_eq!(EventQuery::parse(wrong).unwrap_err().len(), 3);
    }

    #[test]
    fn a_page_says_where_to_go_on() {
        let event = EventView {
            number: Some(17),
            id: "0196f6a1-cab2-76fb-84c7-7e9ee9ddf6b4",
            payment_request_id: "019d511c-9fd2-7e71-b534-74e8abd855f1",
            kind: "created",
            status: Status::Created,
            summary: "Created for 100 EUR.",
            created_at: 1_775_542_023,
        };
        let expected = "{\"data\":[{\"number\":17,\
            \"id\":\"0196f6a1-cab2-76fb-84c7-7e9ee9ddf6b4\",\
            \"payment_request_id\":\"019d511c-9fd2-7e71-b534-74e8abd855f1\",\"type\":\"created\",\
            \"status\":\"created\",\"summary\":\"Created for 100 EUR.\",\
            \"created_at\":1775542023}],\"next\":17}";
        assert_eq!(String::from_utf8(render_events(&[event], 17)).unwrap(), expected);
    }
}
