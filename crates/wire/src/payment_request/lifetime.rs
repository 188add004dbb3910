//! How long a payment request may be paid: a duration or an instant, 5 minutes to 60 days.

use coffer_domain::{
    payment_request::Lifetime,
    time::{Span, Timestamp},
};

use crate::{
    error::FieldErrors,
    json::{Object, Value},
};

/// The shortest lifetime in seconds (spec 4.1).
const SHORTEST: i64 = 300;
/// The longest lifetime in seconds: 60 days.
const LONGEST: i64 = 5_184_000;

const DURATION: &str = "life_time_duration";
/// The instant as the current pages name it, and as an older page does.
const INSTANTS: [&str; 2] = ["life_time_datetime", "life_time_date_time"];

/// Reads whichever of the three fields is given; exactly one must be.
pub(super) fn read(
    body: &Object<'_>,
    now: Timestamp,
    errors: &mut FieldErrors,
) -> Option<Lifetime> {
    let given = [DURATION, INSTANTS[0], INSTANTS[1]].map(|field| (field, body.get(field)));
    let mut given = given.into_iter().filter_map(|(field, value)| Some((field, value?)));
    let Some((field, value)) = given.next() else {
        let sentence =
            "The life time duration field is required when life time datetime is not present.";
        errors.add(DURATION, sentence);
        return None;
    };
    if let Some((second, _)) = given.next() {
        for field in [field, second].into_iter().chain(given.map(|(field, _)| field)) {
            errors
                .add(field, "Only one of life_time_duration and life_time_datetime may be given.");
        }
        return None;
    }
    let outcome = if field == DURATION { duration(value) } else { instant(value, now) };
    outcome.map_err(|sentence| errors.add(field, sentence)).ok()
}

fn duration(value: &Value<'_>) -> Result<Lifetime, String> {
    let seconds = whole_number(value).ok_or_else(|| {
        format!("{} is not a whole number of seconds, such as 3600.", value.shown())
    })?;
    match seconds {
        ..SHORTEST => Err(format!("{} is less than 300 seconds (5 minutes).", value.shown())),
        SHORTEST..=LONGEST => Ok(Lifetime::Duration(Span::from_seconds(seconds))),
        _ => Err(format!("{} is more than 5184000 seconds (60 days).", value.shown())),
    }
}

fn instant(value: &Value<'_>, now: Timestamp) -> Result<Lifetime, String> {
    let shown = value.shown();
    let seconds = whole_number(value).ok_or_else(|| {
        format!("{shown} is not a time in whole Unix seconds, such as 1773768946.")
    })?;
    match seconds.saturating_sub(now.seconds()) {
        i64::MIN..=0 => Err(format!("{shown} is in the past; Unix seconds are expected.")),
        1..SHORTEST => Err(format!("{shown} is less than 300 seconds (5 minutes) from now.")),
        SHORTEST..=LONGEST => Ok(Lifetime::Until(Timestamp::from_seconds(seconds))),
        _ => Err(format!(
            "{shown} is more than 5184000 seconds (60 days) from now; Unix seconds are expected."
        )),
    }
}

/// A JSON number or string of digits, perhaps with a minus; larger values are as large as can be.
fn whole_number(value: &Value<'_>) -> Option<i64> {
    let text = match value {
        Value::Number(text) => text,
        Value::Text(text) => text.as_ref(),
        _ => return None,
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let limit = if digits.len() == text.len() { i64::MAX } else { i64::MIN };
    Some(text.parse().unwrap_or(limit))
}
