//! Mails: what is said to a person, and what became of saying it.

use crate::time::Timestamp;

/// A mail to be sent. Who it comes from is the mailer's matter.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Identity without angle brackets or host; the same on every attempt, so that a mail that was
    /// handed over twice is seen to be one.
    pub id: String,
    /// Everybody who gets it; all see each other.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// The mail as plain text.
    pub text: String,
    /// The same as HTML, where there is such a form.
    pub html: Option<String>,
    /// When it was written.
    pub at: Timestamp,
}

/// What one attempt at a mail ended in. The reasons are fit for the log: no password, no address
/// of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailOutcome {
    /// The server has taken it over.
    Delivered,
    /// The server will not take this mail, today or tomorrow: a recipient that does not exist, a
    /// sender it does not serve.
    Refused(String),
    /// Nothing was taken over for now: no server, not let in, asked to come back.
    TryAgain(String),
}
