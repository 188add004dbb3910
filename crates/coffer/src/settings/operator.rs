//! How the operator is reached: mail, the alarms' own endpoint, the heartbeat.

use std::path::PathBuf;

use coffer_domain::time::Span;
use coffer_engine::settings::AlarmRules;
use coffer_outside::mailer::{MailAddress, SmtpServer};
use coffer_wire::signature::WebhookSecret;

use super::section::Section;

/// How mails are sent.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server.
    pub server: SmtpServer,
    /// Who mails come from.
    pub from: MailAddress,
    /// Certificates that are trusted beside the system's, as PEM.
    pub ca_file: Option<PathBuf>,
}

/// Who is told of alarms, and when.
#[derive(Clone, Debug)]
pub struct AlarmSettings {
    /// Who gets them by mail.
    pub mail_to: Vec<String>,
    /// The endpoint that takes them, and what they are signed with.
    pub webhook: Option<Webhook>,
    /// What is asked every minute to say that we live.
    pub heartbeat_url: Option<String>,
    /// Whether these URLs may be http and in private networks.
    pub allow_private_networks: bool,
    /// When.
    pub rules: AlarmRules,
}

/// An endpoint that takes alarms.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where.
    pub url: String,
    /// What they are signed with.
    pub secret: WebhookSecret,
}

/// How mails are sent, and whether somebody meant them to be, by naming a server.
pub(super) fn read_mail(mut section: Section<'_>) -> (bool, Option<MailSettings>) {
    let server = section.parsed("smtp_url", SmtpServer::parse);
    let (user, password) = (section.text("user"), section.text("password"));
    let from = section.parsed("from", |text| text.parse::<MailAddress>());
    let ca_file = section.file("ca_file");
    let named = section.has("smtp_url");
    if named && !section.has("from") {
        section.refuse("from", "is missing: whom mails come from, such as coffer@example.com");
    }
    if user.is_some() != password.is_some() {
        section.refuse("user", "user and password go together");
    }
    for key in ["from", "user", "ca_file"] {
        if !named && section.has(key) {
            section.refuse(key, "needs smtp_url: without a server no mail is sent");
        }
    }
    section.finish();
    let server = server.map(|server| match user.zip(password) {
        Some((user, password)) => server.with_login(user, password),
        None => server,
    });
    let settings = server.zip(from);
    (named, settings.map(|(server, from)| MailSettings { server, from, ca_file }))
}

pub(super) fn read_alarms(mut section: Section<'_>, mail: bool) -> Option<AlarmSettings> {
    let mail_to = section.texts("mail_to");
    for address in &mail_to {
        if let Err(refused) = address.parse::<MailAddress>() {
            section.refuse("mail_to", &refused);
        }
    }
    if !mail_to.is_empty() && !mail {
        section.refuse("mail_to", "needs mail.smtp_url and mail.from");
    }
    let allow_private_networks = section.flag("allow_private_networks");
    let url = |text: &str| endpoint(text, allow_private_networks);
    let webhook_url = section.parsed("webhook_url", url);
    let secret = section.parsed("webhook_secret", |text| {
        WebhookSecret::parse(text).map_err(|refused| refused.to_string())
    });
    if section.has("webhook_url") != section.has("webhook_secret") {
        section.refuse("webhook_url", "webhook_url and webhook_secret go together");
    }
    let heartbeat_url = section.parsed("heartbeat_url", url);
    let behind = section.number("behind_minutes", 1..=1_440);
    let remind = section.number("remind_hours", 1..=720);
    section.finish();
    let webhook = webhook_url.zip(secret).map(|(url, secret)| Webhook { url, secret });
    let rules = AlarmRules {
        behind_after: Span::from_minutes(behind?),
        remind_every: Span::from_hours(remind?),
    };
    Some(AlarmSettings { mail_to, webhook, heartbeat_url, allow_private_networks, rules })
}

/// The client that calls it judges the host again, whenever it does.
fn endpoint(text: &str, private: bool) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    match scheme {
        "https" if !rest.is_empty() => Ok(text.to_owned()),
        "http" if private && !rest.is_empty() => Ok(text.to_owned()),
        "http" => {
            Err("must begin with https:// (http only with alarms.allow_private_networks)"
                .to_owned())
        }
        _ => Err("must begin with https://".to_owned()),
    }
}
