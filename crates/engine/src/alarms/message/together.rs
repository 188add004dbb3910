//! What is said about many alarms of one cause.

use coffer_store::alarm::StoredAlarm;
use coffer_wire::alarm::{AlarmView, OtherAlarmView};

use super::{Alarm, Occasion, Parts, Said, commands, host, moment};

/// What is said about `count` alarms, of which `rows` are the first; at least one.
pub(in crate::alarms) fn together(
    installation: &str,
    alarm: Alarm,
    rows: &[StoredAlarm],
    count: u32,
    occasion: Occasion,
) -> Option<Said> {
    let first = rows.first()?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.text()).collect();
    let others = rows.iter().zip(&ids).skip(1);
    let others =
        others.map(|(row, id)| OtherAlarmView { id, about: &row.about, detail: &row.detail });
    let view = AlarmView {
        kind: "alarm",
        event: occasion.event(),
        id: ids.first().map_or("", String::as_str),
        name: &first.name,
        severity: alarm.severity().as_str(),
        about: &first.about,
        detail: &first.detail,
        times: first.times,
        first_at: first.first_at.seconds(),
        last_at: first.last_at.seconds(),
        meaning: alarm.meaning(),
        what_to_do: alarm.what_to_do(),
        installation,
        alarms: count,
        others: others.collect(),
    };
    let mut what: Vec<String> =
        rows.iter().map(|row| format!("{}: {}", row.about, row.detail)).collect();
    let listed = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let more = count.saturating_sub(listed);
    if more > 0 {
        what.push(format!("… and {more} more; `coffer alarm list --all` lists every one"));
    }
    let asks = occasion != Occasion::Resolved;
    let parts = Parts {
        lead: if asks { alarm.meaning() } else { "They are over." },
        what,
        when: format!("{count} alarms since {}.", moment(first.first_at)),
        what_to_do: asks.then(|| alarm.what_to_do()),
        commands: commands(alarm, alarm.name(), occasion),
        installation,
    };
    let subject = format!(
        "[{}] {}{} ({count} alarms)",
        host(installation),
        occasion.before_the_name(),
        first.name,
    );
    Some(parts.said(alarm.name(), occasion.event(), subject, &view))
}

#[cfg(test)]
mod tests {
    use coffer_domain::{id::AlarmId, time::Timestamp};
    use coffer_store::alarm::AlarmState;

    use super::*;

    fn row(number: u8) -> StoredAlarm {
        let at = Timestamp::from_seconds(1_775_542_323);
        StoredAlarm {
            id: AlarmId::new(at, [number; 10]),
            name: "payment_reversed".to_owned(),
            about: format!("payment request {number}"),
            detail: "it had been paid, and what paid it is gone".to_owned(),
            state: AlarmState::Open,
            times: 1,
            first_at: at,
            last_at: at,
            told_at: at,
            acknowledged_at: None,
            resolved_at: None,
        }
    }

    #[test]
    fn many_are_one_message_that_lists_the_first_and_counts_the_rest() {
        let rows = [row(1), row(2)];
        let said = |occasion| {
            let (url, alarm) = ("https://pay.example.com", Alarm::PaymentReversed);
            together(url, alarm, &rows, 200, occasion).unwrap()
        };
        let raised = said(Occasion::Raised);
        assert_eq!(raised.subject, "[pay.example.com] payment_reversed (200 alarms)");
        let lines = "    payment request 1: it had been paid, and what paid it is gone\n    \
                     payment request 2: it had been paid, and what paid it is gone\n    \
                     … and 198 more; `coffer alarm list --all` lists every one\n\n\
                     200 alarms since 2026-04-07 06:12 UTC.\n";
        assert!(raised.text.contains(lines), "{}", raised.text);
        assert!(raised.text.contains("    coffer alarm resolve payment_reversed\n"));
        assert!(raised.html.contains("gone<br>payment request 2: "), "{}", raised.html);
        let ids = format!(r#""alarms":200,"others":[{{"id":"{}","about":"#, rows[1].id.text());
        assert!(raised.json.contains(&ids), "{}", raised.json);
        let over = said(Occasion::Resolved);
        assert_eq!(over.subject, "[pay.example.com] resolved: payment_reversed (200 alarms)");
        assert!(!over.text.contains("What to do") && !over.text.contains("coffer alarm resolve"));
    }
}
