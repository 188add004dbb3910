//! How the operator is reached, and trying it out.

use std::sync::Arc;

use coffer_domain::{
    callback::DeliveryOutcome,
    id::{AlarmId, AlarmMessageId},
    mail::MailOutcome,
    ports::{AlarmHook, Heartbeat, Mailer},
    time::Timestamp,
};
use coffer_store::alarm::message::{AlarmChannel, AlarmMessage, MessageState};

use super::message;
use crate::engine::Engine;

/// How the operator is reached; nothing where nothing is set up.
#[derive(Clone, Default)]
pub struct Channels {
    /// Who sends mails.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Who gets alarms by mail; nobody where empty.
    pub mail_to: Vec<String>,
    /// The endpoint that takes alarms.
    pub hook: Option<Arc<dyn AlarmHook>>,
    /// The service that misses us when we are silent.
    pub heartbeat: Option<Arc<dyn Heartbeat>>,
}

/// What came of trying a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub channel: &'static str,
    /// What was answered, or why nothing was taken.
    pub outcome: Result<String, String>,
}

impl Channels {
    /// Those by which messages go out.
    pub(super) fn of_messages(&self) -> Vec<AlarmChannel> {
        let mail =
            (self.mailer.is_some() && !self.mail_to.is_empty()).then_some(AlarmChannel::Mail);
        let hook = self.hook.is_some().then_some(AlarmChannel::Webhook);
        mail.into_iter().chain(hook).collect()
    }
}

impl Engine {
    /// Sends a test by every channel that is set up, and says what came of each.
    pub async fn test_alarm_channels(&self) -> Vec<Tried> {
        let now = self.now();
        let id: AlarmId = self.new_id(now);
        let said = message::test(&self.settings().public_url, id, now);
        let mut tried = Vec::new();
        for channel in self.parts.channels.of_messages() {
            let message = said.message(self.new_id(now), id, channel, now);
            let outcome = match self.attempt_message(&message, now).await {
                (MessageState::Delivered, answer) => Ok(answer),
                (_, answer) => Err(answer),
            };
            tried.push(Tried { channel: channel.as_str(), outcome });
        }
        if let Some(heartbeat) = &self.parts.channels.heartbeat {
            let outcome = heartbeat.beat().await.map(|()| "taken".to_owned());
            tried.push(Tried { channel: "heartbeat", outcome });
        }
        tried
    }

    /// One attempt at a message: where it stands afterwards, and what was answered.
    pub(super) async fn attempt_message(
        &self,
        message: &AlarmMessage,
        now: Timestamp,
    ) -> (MessageState, String) {
        let channels = &self.parts.channels;
        match (message.channel, &channels.mailer, &channels.hook) {
            (AlarmChannel::Mail, Some(mailer), _) if !channels.mail_to.is_empty() => {
                let mail = message::mail(message, channels.mail_to.clone());
                match mailer.send(&mail).await {
                    MailOutcome::Delivered => (MessageState::Delivered, "taken over".to_owned()),
                    MailOutcome::Refused(reason) => (MessageState::GivenUp, reason),
                    MailOutcome::TryAgain(reason) => (MessageState::Due, reason),
                }
            }
            (AlarmChannel::Webhook, _, Some(hook)) => {
                let id = message.id.text();
                match hook.post(&id, message.body.as_bytes(), now).await {
                    DeliveryOutcome::Answered { status, .. } if (200..300).contains(&status) => {
                        (MessageState::Delivered, format!("HTTP {status}"))
                    }
                    DeliveryOutcome::Answered { status, .. } => {
                        (MessageState::Due, format!("HTTP {status}"))
                    }
                    DeliveryOutcome::NotSent { reason } => (MessageState::Due, reason),
                }
            }
            _ => (MessageState::GivenUp, "this channel is not set up any more".to_owned()),
        }
    }

    /// A fresh identity of a message.
    pub(super) fn message_id(&self, now: Timestamp) -> AlarmMessageId {
        self.new_id(now)
    }
}
