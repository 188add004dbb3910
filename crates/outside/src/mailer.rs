//! Hands mails to an SMTP server, with TLS from the first byte or by STARTTLS.
//!
//! The server is the operator's own choice, so no guard stands before it. Its words are not passed
//! on: they repeat the addresses of people.

use std::{
    fmt,
    net::IpAddr,
    str::FromStr,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use coffer_domain::{
    mail::{Mail, MailOutcome},
    ports::Mailer,
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use tokio::time::timeout;
use url::Url;

/// One answer of the server may take so long.
const ANSWER: Duration = Duration::from_secs(30);
/// One attempt may take so long.
const ATTEMPT: Duration = Duration::from_secs(90);
/// Ports where none is named: TLS from the first byte, and submission with STARTTLS.
const SMTPS_PORT: u16 = 465;
const SMTP_PORT: u16 = 587;
/// What servers answer who do not let us in, as they would anybody else: to be mended, not to be
/// given up.
const NOT_LET_IN: [u16; 4] = [530, 534, 535, 538];

/// An SMTP server and how to speak to it.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpServer {
    host: String,
    port: u16,
    security: Security,
    login: Option<(String, String)>,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, without which nothing is said.
    Starttls,
    /// STARTTLS where it is offered: a server on this machine.
    Offered,
}

/// An address of a person or a program, with a name perhaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(Mailbox);

/// The mailer could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no mail can be sent: {0}")]
pub struct MailerRefused(String);

/// Hands mails to one SMTP server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    name: String,
}

impl SmtpServer {
    /// Reads `smtps://user:password@host:465` or `smtp://host:587`, which demands STARTTLS unless
    /// the host is this machine. User and password may be left out.
    ///
    /// # Errors
    /// A sentence that says what would be right, without the password.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "smtps://user:password@host:465 or smtp://host:587 is expected";
        let url = Url::parse(text).map_err(|_| EXPECTED.to_owned())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(EXPECTED)?.to_owned();
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("nothing may stand behind the port; {EXPECTED}"));
        }
        let (security, port) = match url.scheme() {
            "smtps" => (Security::Tls, SMTPS_PORT),
            "smtp" if is_here(&host) => (Security::Offered, SMTP_PORT),
            "smtp" => (Security::Starttls, SMTP_PORT),
            _ => return Err(EXPECTED.to_owned()),
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((unescaped(user)?, unescaped(password)?))
            }
            _ => return Err("user and password go together".to_owned()),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), security, login })
    }

    /// The same with this user and password.
    #[must_use]
    pub fn with_login(self, user: String, password: String) -> Self {
        Self { login: Some((user, password)), ..self }
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({}:{}, {:?})", self.host, self.port, self.security)
    }
}

impl FromStr for MailAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("{text:?} is no address such as me@example.com or \"Me <me@example.com>\"");
        text.parse().map(Self).map_err(|_| expected())
    }
}

impl SmtpMailer {
    /// A mailer that speaks to `server`, sends as `from`, and calls itself `name`, a host name. The
    /// certificates in `roots` (PEM) are trusted beside the system's.
    ///
    /// # Errors
    /// When TLS cannot be set up or `roots` holds no certificate.
    pub fn new(
        server: &SmtpServer,
        from: MailAddress,
        name: &str,
        roots: Option<&[u8]>,
    ) -> Result<Self, MailerRefused> {
        let refused = |error: lettre::transport::smtp::Error| MailerRefused(error.to_string());
        let mut tls = TlsParameters::builder(server.host.clone());
        if let Some(pem) = roots {
            tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(refused)?);
        }
        let tls = tls.build().map_err(refused)?;
        let tls = match server.security {
            Security::Tls => Tls::Wrapper(tls),
            Security::Starttls => Tls::Required(tls),
            Security::Offered => Tls::Opportunistic(tls),
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone())
                .port(server.port)
                .tls(tls)
                .hello_name(ClientId::Domain(name.to_owned()))
                .timeout(Some(ANSWER));
        if let Some((user, password)) = &server.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), from: from.0, name: name.to_owned() })
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let at = Duration::from_millis(u64::try_from(mail.at.millis()).unwrap_or(0));
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(mail.subject.clone())
            .date(SystemTime::UNIX_EPOCH + at)
            .message_id(Some(format!("<{}@{}>", mail.id, self.name)))
            .header(AutoSubmitted);
        for to in &mail.to {
            let to = to.parse().map_err(|_| "a recipient's address cannot be read".to_owned())?;
            builder = builder.to(to);
        }
        let text = mail.text.clone();
        let built = match mail.html.clone() {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html)),
            None => builder.body(text),
        };
        built.map_err(|_| "the mail has no recipient".to_owned())
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> MailOutcome {
        let message = match self.message(mail) {
            Ok(message) => message,
            Err(reason) => return MailOutcome::Refused(reason),
        };
        match timeout(ATTEMPT, self.transport.send(message)).await {
            Ok(Ok(_)) => MailOutcome::Delivered,
            Ok(Err(error)) => judged(&error),
            Err(_) => MailOutcome::TryAgain(format!("no end within {ATTEMPT:?}")),
        }
    }
}

/// What a failed attempt means for the mail.
fn judged(error: &lettre::transport::smtp::Error) -> MailOutcome {
    let status = error.status().map(u16::from);
    match status {
        Some(code) if NOT_LET_IN.contains(&code) => {
            MailOutcome::TryAgain(format!("the mail server does not let us in ({code})"))
        }
        Some(code) if error.is_permanent() => {
            MailOutcome::Refused(format!("the mail server refuses the mail ({code})"))
        }
        Some(code) => MailOutcome::TryAgain(format!("the mail server asks to come back ({code})")),
        None => MailOutcome::TryAgain(reason(error)),
    }
}

/// The innermost cause: of a connection, not of a mail, so that no person is named.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let first: &(dyn std::error::Error + 'static) = error;
    let root = std::iter::successors(Some(first), |error| error.source()).last();
    let kind = if error.is_timeout() {
        "no answer in time"
    } else if error.is_tls() {
        "no secure connection"
    } else {
        "no mail server"
    };
    root.map_or_else(|| kind.to_owned(), |root| format!("{kind}: {root}"))
}

fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A part of a URL without its percent signs.
fn unescaped(text: &str) -> Result<String, String> {
    let broken = || "user or password has a % that is no escape".to_owned();
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        let value = high.zip(low).ok_or_else(broken)?;
        bytes.push(u8::try_from(value.0 * 16 + value.1).map_err(|_| broken())?);
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// Says that a program wrote the mail, so that no other program answers (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_with_its_security() {
        let server = |text| SmtpServer::parse(text).unwrap();
        let whole = server("smtps://me%40x:p%3Aw@mail.example.com");
        assert_eq!((whole.port, whole.security), (465, Security::Tls));
        assert_eq!(whole.login, Some(("me@x".to_owned(), "p:w".to_owned())));
        let upgraded = server("smtp://mail.example.com");
        assert_eq!((upgraded.port, upgraded.security), (587, Security::Starttls));
        let own = server("smtp://127.0.0.1:25/");
        assert_eq!((own.port, own.security), (25, Security::Offered));
        assert!(!format!("{whole:?}").contains("p:w"));
    }

    #[test]
    fn what_is_no_server_is_told_without_its_password() {
        for text in [
            "",
            "mail.example.com:25",
            "https://me:hush@mail.example.com",
            "smtp://me:hush@mail.example.com/path",
            "smtp://me:hush@mail.example.com?tls=none",
            "smtp://me@mail.example.com",
            "smtp://me:hu%zzsh@mail.example.com",
        ] {
            let told = SmtpServer::parse(text).unwrap_err();
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
