//! Coffer's own list of payment requests: newest first, in pages.

use coffer_domain::id::PaymentRequestId;
use serde::Serialize;

use super::{RequestView, Status};
use crate::error::FieldErrors;

/// The most requests on one page.
pub const MAX_LIMIT: u16 = 100;
/// Requests on a page when nothing is said.
const DEFAULT_LIMIT: u16 = 20;

/// Which payment requests are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// How many, 1 to [`MAX_LIMIT`].
    pub limit: u16,
    /// Only older ones than this: the `next` of the page before.
    pub before: Option<PaymentRequestId>,
    /// Only those that stand so.
    pub status: Option<Status>,
    /// Only the one with this id of the merchant's.
    pub foreign_id: Option<String>,
    /// Only those of this customer.
    pub end_user_reference: Option<String>,
}

impl ListQuery {
    /// Reads the query's decoded pairs. An unknown name is refused, so that a misspelled filter
    /// does not show everything.
    ///
    /// # Errors
    /// One sentence for each wrong parameter.
    pub fn parse<'q>(
        pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
    ) -> Result<Self, FieldErrors> {
        let mut query = Self {
            limit: DEFAULT_LIMIT,
            before: None,
            status: None,
            foreign_id: None,
            end_user_reference: None,
        };
        let mut errors = FieldErrors::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in pairs {
            if seen.contains(&name) {
                errors.add(name.to_owned(), "The parameter is given more than once.");
            }
            seen.push(name);
            if let Err(sentence) = query.set(name, value) {
                errors.add(name.to_owned(), sentence);
            }
        }
        if errors.is_empty() { Ok(query) } else { Err(errors) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "limit" => self.limit = list_limit(value)?,
            "before" => {
                let id = value.parse().map_err(|refused| format!("The cursor is {refused}."))?;
                self.before = Some(id);
            }
            "status" => {
                let names = Status::ALL.map(Status::as_str).join(", ");
                let status = Status::parse(value);
                self.status = Some(status.ok_or_else(|| format!("The status is one of {names}."))?);
            }
            "foreign_id" => self.foreign_id = Some(value.to_owned()),
            "end_user_reference" => self.end_user_reference = Some(value.to_owned()),
            _ => {
                return Err("There is no such parameter; limit, before, status, foreign_id and \
                            end_user_reference are known."
                    .to_owned());
            }
        }
        Ok(())
    }
}

/// Reads a page's length.
pub(crate) fn list_limit(value: &str) -> Result<u16, String> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let limit = value.parse().ok().filter(|limit| digits && (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("The limit is a whole number from 1 to {MAX_LIMIT}."))
}

/// A page: `{"data":[…],"next":"<id>"}`; `next` is `null` on the last page.
#[must_use]
pub fn render_list(requests: &[RequestView<'_>], next: Option<&str>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Page<'a> {
        data: &'a [RequestView<'a>],
        next: Option<&'a str>,
    }
    serde_json::to_vec(&Page { data: requests, next }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_whole() {
        let id = "019d511c-9fd2-7e71-b534-74e8abd855f1";
        let query = ListQuery::parse([
            ("limit", "100"),
            ("before", id),
            ("status", "paid"),
            ("foreign_id", "order/1"),
            ("end_user_reference", "guest_user_17"),
        ]);
        let query = query.unwrap();
        assert_eq!((query.limit, query.status), (100, Some(Status::Paid)));
        assert_eq!(query.before.map(|id| id.text()).as_deref(), Some(id));
        assert_eq!(query.foreign_id.as_deref(), Some("order/1"));
        assert_eq!(query.end_user_reference.as_deref(), Some("guest_user_17"));
        assert_eq!(ListQuery::parse([]).unwrap().limit, 20);
    }

    #[test]
    fn every_wrong_parameter_is_told() {
        let pairs = [
            ("limit", "0"),
            ("before", "x"),
            ("status", "PAID"),
            ("stat", "paid"),
            ("foreign_id", "a"),
            ("foreign_id", "b"),
        ];
        let errors = ListQuery::parse(pairs).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["limit", "before", "status", "stat", "foreign_id"]);
        for limit in ["0", "101", "-1", "+1", "", "1e2", "70000"] {
            assert!(ListQuery::parse([("limit", limit)]).is_err(), "{limit}");
        }
    }

    #[test]
    fn an_empty_page_has_no_next() {
        assert_eq!(render_list(&[], None), br#"{"data":[],"next":null}"#);
    }
}
