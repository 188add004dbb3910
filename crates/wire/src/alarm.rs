//! Alarms as they are posted to the operator's own endpoint.

use serde::Serialize;

/// What is said about an alarm, or about many of one cause: then the members beside `alarms` and
/// `others` are of the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlarmView<'a> {
    /// Always `alarm`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `raised`, `still` (a reminder), `resolved`, `notice` or `test`.
    pub event: &'static str,
    /// Identity, as `coffer alarm` takes it.
    pub id: &'a str,
    /// Which alarm, such as `network_behind`.
    pub name: &'a str,
    /// `critical`, `warning` or `notice`.
    pub severity: &'static str,
    /// The thing concerned, such as a network.
    pub about: &'a str,
    /// What was last said of it.
    pub detail: &'a str,
    /// How often it was raised.
    pub times: u32,
    /// When it was raised first; Unix seconds.
    pub first_at: i64,
    /// When it was raised last; Unix seconds.
    pub last_at: i64,
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// What to do about it, in a sentence.
    pub what_to_do: &'static str,
    /// Where customers reach the installation.
    pub installation: &'a str,
    /// How many alarms this message tells; usually one.
    pub alarms: u32,
    /// The next of them; left out where there is one alone. Of very many only some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherAlarmView<'a>>,
}

/// One more alarm of the same cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OtherAlarmView<'a> {
    /// Identity, as `coffer alarm` takes it.
    pub id: &'a str,
    /// The thing concerned.
    pub about: &'a str,
    /// What was last said of it.
    pub detail: &'a str,
}

/// The bytes that are posted.
#[must_use]
pub fn render_alarm(alarm: &AlarmView<'_>) -> String {
    // Texts and numbers only, so that there is nothing to fail on.
    serde_json::to_string(alarm).unwrap_or_default()
}
