//! Times as people read them. The server says UTC; the script says the reader's own time.

use coffer_domain::time::Timestamp;

use crate::text::{Html, Phrase, Text};

/// A time of day, or with its date where it is not on the day of `now`.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Html {
    let day = |at: Timestamp| at.seconds().div_euclid(86_400);
    let shown = if day(at) == day(now) { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    element(at, shown, "time")
}

/// A time with its date.
pub(super) fn date_time(at: Timestamp) -> Html {
    element(at, "%Y-%m-%d %H:%M UTC", "date-time")
}

/// A length of time, rounded down to what matters of it: "58 min", "2 h 59 min".
pub(super) fn span(seconds: i64, text: &Text) -> String {
    let seconds = seconds.max(0);
    let minutes = seconds / 60 % 60;
    if (5_400..36_000).contains(&seconds) && minutes > 0 {
        let hours = text.unit_hours.with("n", seconds / 3_600).plain();
        return format!("{hours} {}", text.unit_minutes.with("n", minutes).plain());
    }
    let (unit, number) = match seconds {
        0..60 => (text.unit_seconds, seconds),
        60..5_400 => (text.unit_minutes, seconds / 60),
        5_400..172_800 => (text.unit_hours, seconds / 3_600),
        _ => days(seconds / 86_400, text),
    };
    unit.with("n", number).plain()
}

/// A number of days, from two on; the longest payment is open for sixty. Arabic has three words.
fn days(number: i64, text: &Text) -> (Phrase, i64) {
    let unit = match number {
        2 => text.unit_days_two,
        3..=10 => text.unit_days_few,
        _ => text.unit_days,
    };
    (unit, number)
}

/// A wait, rounded up so that nobody is told less than it takes: "about 2 min".
pub(super) fn wait(seconds: u32, text: &Text) -> String {
    let seconds = match seconds {
        0..60 => seconds.div_ceil(5).saturating_mul(5),
        60..5_400 => seconds.div_ceil(60).saturating_mul(60),
        _ => seconds.div_ceil(3_600).saturating_mul(3_600),
    };
    text.about.with("span", span(i64::from(seconds), text)).plain()
}

/// A `time` element: `shown` for readers without the script, which writes it anew as `kind` says.
fn element(at: Timestamp, shown: &str, kind: &str) -> Html {
    let instant = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    Html::trusted(format!(
        "<time datetime=\"{}\" data-time=\"{kind}\">{}</time>",
        instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
        instant.strftime(shown)
    ))
}

#[cfg(test)]
mod tests {
    use coffer_domain::time::{Span, Timestamp};

    use super::{span, time, wait};
    use crate::text::Language;

    #[test]
    fn a_time_of_another_day_says_its_date() {
        let now = Timestamp::from_seconds(1_795_357_920);
        let near = time(now.plus(Span::from_minutes(4)), now);
        assert!(near.as_str().contains("datetime=\"2026-11-22T14:36:00Z\""), "{near}");
        assert!(near.as_str().ends_with(">14:36 UTC</time>"), "{near}");
        let far = time(now.plus(Span::from_hours(24)), now);
        assert!(far.as_str().ends_with(">2026-11-23 14:32 UTC</time>"), "{far}");
    }

    #[test]
    fn spans_round_down_and_waits_round_up() {
        let text = Language::English.text();
        let spans =
            [-5, 59, 3_599, 5_400, 7_200, 40_000, 200_000].map(|seconds| span(seconds, text));
        assert_eq!(spans, ["0 s", "59 s", "59 min", "1 h 30 min", "2 h", "11 h", "2 days"]);
        let days = [2, 3, 10, 11, 60].map(|days| span(days * 86_400, Language::Arabic.text()));
        let bare = days.map(|text| text.replace(['\u{2068}', '\u{2069}'], ""));
        assert_eq!(bare, ["يومان", "3 أيام", "10 أيام", "11 يومًا", "60 يومًا"]);
        let waits = [12, 61, 5_000, 5_401].map(|seconds| wait(seconds, text));
        assert_eq!(waits, ["about 15 s", "about 2 min", "about 84 min", "about 2 h"]);
    }
}
