//! `coffer alarm …`

use clap::Subcommand;
use coffer_domain::id::AlarmId;
use coffer_engine::{
    alarms::{Alarm, Told, Tried},
    engine::Engine,
};
use coffer_store::alarm::{StoredAlarm, message::AlarmMessage};
use serde_json::{Value, json};

use super::moment;
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

/// `coffer alarm …`
#[derive(Debug, Subcommand)]
pub enum AlarmCommand {
    /// List the alarms that stand, newest first
    List {
        /// Those that are over as well
        #[arg(long)]
        all: bool,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Say that an alarm is known, which ends its reminders
    Ack {
        /// Its id, or a name such as payment_reversed for all that stand of it
        id: String,
    },
    /// Say that an alarm is over; when the same happens again, that is a new alarm
    Resolve {
        /// Its id, or a name such as payment_reversed for all that stand of it
        id: String,
    },
    /// Send a test by every channel that is set up, and say what came of each
    Test,
}

pub(super) async fn run(
    engine: &Engine,
    command: &AlarmCommand,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        AlarmCommand::List { all, limit } => {
            let told = engine.alarms(*all, *limit).await?;
            terminal.answer(
                || json!({"alarms": told.iter().map(whole).collect::<Vec<_>>()}),
                || lines(&told, *all),
            )
        }
        AlarmCommand::Ack { id } => match Alarm::named(id) {
            Some(kind) => {
                many(kind, "acknowledged", engine.acknowledge_alarms(kind).await?, terminal)
            }
            None => {
                let alarm = engine.acknowledge_alarm(parsed(id)?).await?;
                let alarm = alarm.ok_or_else(|| unknown(id))?;
                terminal.answer(|| object(&alarm), || standing(&alarm))
            }
        },
        AlarmCommand::Resolve { id } => match Alarm::named(id) {
            Some(kind) => many(kind, "resolved", engine.resolve_alarms(kind).await?, terminal),
            None => {
                let alarm = engine.resolve_alarm(parsed(id)?).await?;
                let alarm = alarm.ok_or_else(|| unknown(id))?;
                terminal.answer(|| object(&alarm), || standing(&alarm))
            }
        },
        AlarmCommand::Test => test(&engine.test_alarm_channels().await, terminal),
    }
}

fn test(tried: &[Tried], terminal: Terminal) -> Result<(), Failure> {
    if tried.is_empty() {
        return Err(Failure::new(
            "no channel is set up: see mail.smtp_url, alarms.mail_to, alarms.webhook_url and \
             alarms.heartbeat_url",
        ));
    }
    terminal.answer(
        || {
            let channel = |tried: &Tried| {
                let answer = tried.outcome.as_ref().unwrap_or_else(|reason| reason);
                let taken = tried.outcome.is_ok();
                json!({"channel": tried.channel, "taken": taken, "answer": answer})
            };
            json!({"channels": tried.iter().map(channel).collect::<Vec<_>>()})
        },
        || {
            let row = |tried: &Tried| match &tried.outcome {
                Ok(answer) => vec![tried.channel.to_owned(), "taken".to_owned(), answer.clone()],
                Err(why) => vec![tried.channel.to_owned(), "not taken".to_owned(), why.clone()],
            };
            columns(&tried.iter().map(row).collect::<Vec<_>>())
        },
    )?;
    match tried.iter().filter(|tried| tried.outcome.is_err()).count() {
        0 => Ok(()),
        failed => Err(Failure::new(format!("{failed} of {} channels failed", tried.len()))),
    }
}

/// What became of all alarms of a name.
fn many(kind: Alarm, state: &str, count: u32, terminal: Terminal) -> Result<(), Failure> {
    let name = kind.name();
    terminal.answer(
        || json!({"name": name, "state": state, "count": count}),
        || format!("{count} alarms {name} are {state} now.\n"),
    )
}

fn parsed(id: &str) -> Result<AlarmId, Failure> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("there is no alarm {id}; coffer alarm list --all names them"))
}

fn standing(alarm: &StoredAlarm) -> String {
    format!("{} ({}) is {}.\n", alarm.name, alarm.about, alarm.state.as_str())
}

fn severity(alarm: &StoredAlarm) -> &'static str {
    Alarm::named(&alarm.name).map_or("-", |known| known.severity().as_str())
}

fn object(alarm: &StoredAlarm) -> Value {
    json!({
        "id": alarm.id.text(),
        "name": alarm.name,
        "severity": severity(alarm),
        "about": alarm.about,
        "detail": alarm.detail,
        "state": alarm.state.as_str(),
        "times": alarm.times,
        "first_at": alarm.first_at.seconds(),
        "last_at": alarm.last_at.seconds(),
        "acknowledged_at": alarm.acknowledged_at.map(|at| at.seconds()),
        "resolved_at": alarm.resolved_at.map(|at| at.seconds()),
    })
}

fn whole(told: &Told) -> Value {
    let mut object = object(&told.alarm);
    let message = |message: &AlarmMessage| {
        json!({
            "channel": message.channel.as_str(),
            "state": message.state.as_str(),
            "attempts": message.attempts,
            "created_at": message.created_at.seconds(),
            "answer": message.answer,
        })
    };
    object["messages"] = told.messages.iter().map(message).collect();
    object
}

fn lines(told: &[Told], all: bool) -> String {
    if told.is_empty() {
        let none = if all { "There has been no alarm." } else { "No alarm stands." };
        return format!("{none}\n");
    }
    let head = ["id", "severity", "alarm", "about", "state", "times", "since", "told", "detail"];
    let row = |told: &Told| {
        let alarm = &told.alarm;
        vec![
            alarm.id.text(),
            severity(alarm).to_owned(),
            alarm.name.clone(),
            alarm.about.clone(),
            alarm.state.as_str().to_owned(),
            alarm.times.to_string(),
            moment::text(alarm.first_at),
            sent(&told.messages),
            alarm.detail.chars().take(80).collect(),
        ]
    };
    let head = head.map(str::to_owned).to_vec();
    columns(&std::iter::once(head).chain(told.iter().map(row)).collect::<Vec<_>>())
}

/// What became of the messages: `mail delivered, webhook due`.
fn sent(messages: &[AlarmMessage]) -> String {
    let mut newest: Vec<&AlarmMessage> = Vec::new();
    for message in messages.iter().rev() {
        if newest.iter().all(|known| known.channel != message.channel) {
            newest.push(message);
        }
    }
    if newest.is_empty() {
        return "nobody".to_owned();
    }
    let words = newest.iter().rev().map(|message| {
        let (channel, state) = (message.channel.as_str(), message.state.as_str());
        format!("{channel} {}", state.replace('_', " "))
    });
    words.collect::<Vec<_>>().join(", ")
}
