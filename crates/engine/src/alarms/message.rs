//! What is said about an alarm: a mail's subject, text and HTML, and the JSON that is posted. They
//! hold no personal data.

mod together;

use coffer_domain::{
    id::{AlarmId, AlarmMessageId},
    mail::Mail,
    time::Timestamp,
};
use coffer_store::alarm::{
    StoredAlarm,
    message::{AlarmChannel, AlarmMessage, MessageState},
};
use coffer_wire::alarm::{AlarmView, render_alarm};

pub(super) use self::together::together;
use super::{Alarm, Severity};

/// Why something is said about an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// It is new.
    Raised,
    /// It still stands after a day, and nobody has said that he knows.
    Still,
    /// It is over.
    Resolved,
    /// It was over when it was told.
    Notice,
}

impl Occasion {
    /// The occasion of that word.
    pub(super) fn of(event: &str) -> Option<Self> {
        let all = [Self::Raised, Self::Still, Self::Resolved, Self::Notice];
        all.into_iter().find(|occasion| occasion.event() == event)
    }

    const fn event(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Still => "still",
            Self::Resolved => "resolved",
            Self::Notice => "notice",
        }
    }

    /// What stands before the alarm's name in a subject.
    const fn before_the_name(self) -> &'static str {
        match self {
            Self::Raised | Self::Notice => "",
            Self::Still => "still: ",
            Self::Resolved => "resolved: ",
        }
    }
}

/// A message in all its forms.
pub(super) struct Said {
    name: String,
    event: &'static str,
    subject: String,
    text: String,
    html: String,
    json: String,
}

impl Said {
    /// The message as a row for a channel.
    pub(super) fn message(
        &self,
        id: AlarmMessageId,
        alarm: AlarmId,
        channel: AlarmChannel,
        now: Timestamp,
    ) -> AlarmMessage {
        let (body, html) = self.body(channel);
        AlarmMessage {
            id,
            alarm,
            name: self.name.clone(),
            event: self.event.to_owned(),
            channel,
            subject: self.subject.clone(),
            body,
            html,
            state: MessageState::Due,
            attempts: 0,
            next_at: now,
            created_at: now,
            attempted_at: None,
            answer: None,
            told_with: None,
        }
    }

    /// A stored message that says this from now on.
    pub(super) fn instead_of(&self, message: &AlarmMessage) -> AlarmMessage {
        let (body, html) = self.body(message.channel);
        AlarmMessage { subject: self.subject.clone(), body, html, ..message.clone() }
    }

    fn body(&self, channel: AlarmChannel) -> (String, Option<String>) {
        match channel {
            AlarmChannel::Mail => (self.text.clone(), Some(self.html.clone())),
            AlarmChannel::Webhook => (self.json.clone(), None),
        }
    }
}

/// The mail that a stored message is.
pub(super) fn mail(message: &AlarmMessage, to: Vec<String>) -> Mail {
    Mail {
        id: message.id.text(),
        to,
        subject: message.subject.clone(),
        text: message.body.clone(),
        html: message.html.clone(),
        at: message.created_at,
    }
}

/// What is said about an alarm. `installation` is the URL customers reach.
pub(super) fn about(
    installation: &str,
    alarm: Alarm,
    row: &StoredAlarm,
    occasion: Occasion,
) -> Said {
    let id = row.id.text();
    let subject = format!(
        "[{}] {}{} ({})",
        host(installation),
        occasion.before_the_name(),
        row.name,
        row.about
    );
    let view = AlarmView {
        kind: "alarm",
        event: occasion.event(),
        id: &id,
        name: &row.name,
        severity: alarm.severity().as_str(),
        about: &row.about,
        detail: &row.detail,
        times: row.times,
        first_at: row.first_at.seconds(),
        last_at: row.last_at.seconds(),
        meaning: alarm.meaning(),
        what_to_do: alarm.what_to_do(),
        installation,
        alarms: 1,
        others: Vec::new(),
    };
    let parts = Parts {
        lead: match occasion {
            Occasion::Resolved => "It is over.",
            Occasion::Raised | Occasion::Still | Occasion::Notice => alarm.meaning(),
        },
        what: vec![format!("{}: {}", row.about, row.detail)],
        when: when(row, occasion),
        what_to_do: match occasion {
            Occasion::Resolved => None,
            Occasion::Raised | Occasion::Still | Occasion::Notice => Some(alarm.what_to_do()),
        },
        commands: commands(alarm, &id, occasion),
        installation,
    };
    parts.said(alarm.name(), occasion.event(), subject, &view)
}

/// A test of the channels.
pub(super) fn test(installation: &str, id: AlarmId, now: Timestamp) -> Said {
    let id = id.text();
    let meaning = "This is a test: alarms of this installation reach you.";
    let what_to_do = "Nothing.";
    let view = AlarmView {
        kind: "alarm",
        event: "test",
        id: &id,
        name: "test",
        severity: Severity::Notice.as_str(),
        about: "channels",
        detail: "asked for by `coffer alarm test`",
        times: 1,
        first_at: now.seconds(),
        last_at: now.seconds(),
        meaning,
        what_to_do,
        installation,
        alarms: 1,
        others: Vec::new(),
    };
    let parts = Parts {
        lead: meaning,
        what: vec!["asked for by `coffer alarm test`".to_owned()],
        when: moment(now),
        what_to_do: Some(what_to_do),
        commands: Vec::new(),
        installation,
    };
    let subject = format!("[{}] test of the alarms", host(installation));
    parts.said("test", "test", subject, &view)
}

/// The parts of a mail.
struct Parts<'a> {
    lead: &'a str,
    /// A line for each thing concerned.
    what: Vec<String>,
    when: String,
    what_to_do: Option<&'a str>,
    /// What a command is for, and the command.
    commands: Vec<(&'static str, String)>,
    installation: &'a str,
}

impl Parts<'_> {
    fn said(&self, name: &str, event: &'static str, subject: String, view: &AlarmView<'_>) -> Said {
        let (text, html, json) = (self.text(), self.html(), render_alarm(view));
        Said { name: name.to_owned(), event, subject, text, html, json }
    }

    fn text(&self) -> String {
        let what = self.what.join("\n    ");
        let mut text = format!("{}\n\n    {what}\n\n{}\n", self.lead, self.when);
        if let Some(what_to_do) = self.what_to_do {
            text += &format!("\nWhat to do: {what_to_do}\n");
        }
        if !self.commands.is_empty() {
            text.push('\n');
        }
        for (what_for, command) in &self.commands {
            text += &format!("{what_for}:\n    {command}\n");
        }
        text + &format!("\n-- \nCoffer at {}\n", self.installation)
    }

    fn html(&self) -> String {
        let mut html = format!(
            "<!doctype html><html lang=\"en\"><body style=\"font-family:sans-serif\">\
             <p><strong>{}</strong></p><p>{}</p><p>{}</p>",
            escaped(self.lead),
            self.what.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>"),
            escaped(&self.when),
        );
        if let Some(what_to_do) = self.what_to_do {
            html += &format!("<p>What to do: {}</p>", escaped(what_to_do));
        }
        for (what_for, command) in &self.commands {
            html += &format!("<p>{what_for}:<br><code>{}</code></p>", escaped(command));
        }
        html + &format!("<hr><p>Coffer at {}</p></body></html>\n", escaped(self.installation))
    }
}

fn when(row: &StoredAlarm, occasion: Occasion) -> String {
    let since = moment(row.first_at);
    match (occasion, row.resolved_at) {
        (Occasion::Notice, _) => format!("Told at {since}."),
        (Occasion::Resolved, Some(at)) => format!("From {since} to {}.", moment(at)),
        _ if row.times > 1 => {
            format!("{} times since {since}, last at {}.", row.times, moment(row.last_at))
        }
        _ => format!("Since {since}."),
    }
}

/// `which` is an alarm's id, or a name for all that stand of it.
fn commands(alarm: Alarm, which: &str, occasion: Occasion) -> Vec<(&'static str, String)> {
    if matches!(occasion, Occasion::Resolved | Occasion::Notice) {
        return Vec::new();
    }
    let known = ("You know of it, and want no reminders", format!("coffer alarm ack {which}"));
    if alarm.ends_by_itself() {
        return vec![known];
    }
    vec![known, ("It is done", format!("coffer alarm resolve {which}"))]
}

/// `2026-04-07 06:12 UTC`
pub(crate) fn moment(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.seconds()).map_or_else(
        |_| time.seconds().to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// The host of a URL, with its port where it has one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use coffer_store::alarm::AlarmState;

    use super::*;

    fn row() -> StoredAlarm {
        let at = Timestamp::from_seconds(1_775_542_323);
        StoredAlarm {
            id: AlarmId::new(at, [7; 10]),
            name: "network_behind".to_owned(),
            about: "bitcoin".to_owned(),
            detail: "bitcoin cannot be reached: <no> connection".to_owned(),
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
    fn a_mail_says_what_happened_since_when_and_what_to_do() {
        let said = about("https://pay.example.com", Alarm::NetworkBehind, &row(), Occasion::Raised);
        assert_eq!(said.subject, "[pay.example.com] network_behind (bitcoin)");
        let expected = format!(
            "A network cannot be read up to now. Windows of its requests stand still; nothing \
             expires or fails meanwhile.\n\n    bitcoin: bitcoin cannot be reached: <no> \
             connection\n\nSince 2026-04-07 06:12 UTC.\n\nWhat to do: Look at its node and its \
             endpoints; `coffer doctor` says more.\n\nYou know of it, and want no reminders:\n    \
             coffer alarm ack {}\n\n-- \nCoffer at https://pay.example.com\n",
            row().id
        );
        assert_eq!(said.text, expected);
        assert!(said.html.contains("&lt;no&gt; connection"), "{}", said.html);
    }

    #[test]
    fn what_is_over_asks_for_nothing() {
        let over =
            StoredAlarm { resolved_at: Some(Timestamp::from_seconds(1_775_542_923)), ..row() };
        let said =
            about("https://pay.example.com", Alarm::NetworkBehind, &over, Occasion::Resolved);
        assert_eq!(said.subject, "[pay.example.com] resolved: network_behind (bitcoin)");
        assert!(said.text.contains("From 2026-04-07 06:12 UTC to 2026-04-07 06:22 UTC."));
        assert!(!said.text.contains("What to do") && !said.text.contains("coffer alarm"));
    }
}
