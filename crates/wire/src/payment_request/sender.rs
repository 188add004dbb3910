//! Who pays: `sender_type` and `sender_data` (spec 3.13). Personal data, so sentences about it
//! never repeat what was given.

use coffer_domain::{payment_request::Sender, time::Timestamp};

use super::{country, text::TextRule};
use crate::{
    error::FieldErrors,
    json::{Object, Value},
};

const TYPE: &str = "sender_type";
const DATA: &str = "sender_data";
const COUNTRY: &str = "sender_data.country_of_registration";
const BIRTH: &str = "sender_data.date_of_birth";

const FIRST_NAME: TextRule = name("first_name", "sender_data.first_name");
const LAST_NAME: TextRule = name("last_name", "sender_data.last_name");
const LEGAL_NAME: TextRule = name("legal_name", "sender_data.legal_name");

const fn name(name: &'static str, field: &'static str) -> TextRule {
    TextRule { name, field, max: 255, lines: false }
}

/// Reads the sender, if one is given; type and data come together or not at all.
pub(super) fn read(body: &Object<'_>, now: Timestamp, errors: &mut FieldErrors) -> Option<Sender> {
    let none = Object::default();
    let data = match body.get(DATA) {
        None => None,
        Some(Value::Object(data)) => Some(data),
        Some(Value::List(list)) if list.is_empty() => Some(&none),
        Some(_) => {
            errors.add(DATA, "The sender data must be an object.");
            Some(&none)
        }
    };
    let kind = match body.get(TYPE) {
        None => {
            if data.is_some() {
                let sentence = "The sender type field is required when sender data is present.";
                errors.add(TYPE, sentence);
            }
            return None;
        }
        Some(Value::Text(kind)) => kind.as_ref(),
        Some(_) => "",
    };
    if !matches!(kind, "natural" | "legal") {
        errors.add(TYPE, "The selected sender type is invalid; it is natural or legal.");
    }
    let Some(data) = data else {
        errors.add(DATA, "The sender data field is required when sender type is present.");
        return None;
    };
    if errors.get(DATA).is_some() {
        return None;
    }
    match kind {
        "natural" => natural(data, now, errors),
        "legal" => legal(data, errors),
        _ => None,
    }
}

fn natural(data: &Object<'_>, now: Timestamp, errors: &mut FieldErrors) -> Option<Sender> {
    let first_name = required(&FIRST_NAME, data, errors);
    let last_name = required(&LAST_NAME, data, errors);
    let date_of_birth = data.get("date_of_birth").and_then(|value| match birth(value, now) {
        Ok(date) => Some(date.to_owned()),
        Err(sentence) => {
            errors.add(BIRTH, sentence);
            None
        }
    });
    for (name, field) in [("legal_name", LEGAL_NAME.field), ("country_of_registration", COUNTRY)] {
        if data.get(name).is_some() {
            errors.add(field, format!("A natural sender has no {name}; leave it out."));
        }
    }
    Some(Sender::Natural {
        first_name: first_name?.to_owned(),
        last_name: last_name?.to_owned(),
        date_of_birth,
    })
}

fn legal(data: &Object<'_>, errors: &mut FieldErrors) -> Option<Sender> {
    let legal_name = required(&LEGAL_NAME, data, errors);
    let country = match data.get("country_of_registration") {
        Some(Value::Text(code)) if country::is_alpha3(code) => Some(code.as_ref()),
        Some(_) => {
            let sentence = "The country of registration must be a code of ISO 3166-1 alpha-3, such \
                            as DEU.";
            errors.add(COUNTRY, sentence);
            None
        }
        None => {
            errors.required(COUNTRY);
            None
        }
    };
    for (name, field) in
        [("first_name", FIRST_NAME.field), ("last_name", LAST_NAME.field), ("date_of_birth", BIRTH)]
    {
        if data.get(name).is_some() {
            errors.add(field, format!("A legal sender has no {name}; leave it out."));
        }
    }
    Some(Sender::Legal {
        legal_name: legal_name?.to_owned(),
        country_of_registration: country?.to_owned(),
    })
}

fn required<'o>(
    rule: &TextRule,
    data: &'o Object<'_>,
    errors: &mut FieldErrors,
) -> Option<&'o str> {
    match data.get(rule.name) {
        Some(Value::Text(text)) if !text.trim().is_empty() => rule.read(data, errors),
        Some(Value::Text(_)) | None => {
            errors.required(rule.field);
            None
        }
        Some(_) => rule.read(data, errors),
    }
}

fn birth<'o>(value: &'o Value<'_>, now: Timestamp) -> Result<&'o str, &'static str> {
    let Value::Text(text) = value else {
        return Err("The date of birth must be a string of the form YYYY-MM-DD.");
    };
    let date = read_date(text).ok_or("The date of birth must be a real date, as YYYY-MM-DD.")?;
    if date.0 < 1900 {
        return Err("The date of birth must not be before 1900.");
    }
    if date > today(now) {
        return Err("The date of birth must not be in the future.");
    }
    Ok(text)
}

/// Year, month and day of a date that exists in the Gregorian calendar.
fn read_date(text: &str) -> Option<(i64, i64, i64)> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let date: (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = date.0 % 4 == 0 && date.0 % 100 != 0 || date.0 % 400 == 0;
    let days = match date.1 {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days).contains(&date.2).then_some(date)
}

/// The date of an instant in the zone that is furthest ahead (UTC+14), where a child of today may
/// have been born already. By the days-to-civil method: eras of 400 years that begin in March.
fn today(now: Timestamp) -> (i64, i64, i64) {
    let days = now.seconds().saturating_add(14 * 3_600).div_euclid(86_400).saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_exist_or_do_not() {
        for text in ["1995-08-17", "2000-02-29", "2024-02-29", "1999-12-31"] {
            assert!(read_date(text).is_some(), "{text}");
        }
        for text in [
            "1900-02-29",
            "2023-02-29",
            "2024-02-30",
            "2024-04-31",
            "2024-00-10",
            "2024-13-01",
            "2024-01-00",
            "2024-1-01",
            "24-01-01",
            "2024/01/01",
            "2024-01-01T00:00",
            "",
            "٢٠٢٤-01",
            "+024-01-01",
        ] {
            assert!(read_date(text).is_none(), "{text}");
        }
    }

    #[test]
    fn today_is_the_date_furthest_ahead() {
        for (seconds, date) in [
            (0, (1970, 1, 1)),
            (951_782_400, (2000, 2, 29)),
            (1_709_164_800, (2024, 2, 29)),
            (1_773_768_946, (2026, 3, 18)),
            (1_735_689_599, (2025, 1, 1)),
            (4_107_542_400, (2100, 3, 1)),
        ] {
            assert_eq!(today(Timestamp::from_seconds(seconds)), date, "{seconds}");
        }
    }
}
