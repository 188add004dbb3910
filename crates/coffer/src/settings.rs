//! Settings: one commented file of defaults, a file of the operator's over it, and the environment
//! over both. Everything is read and checked at once; every mistake is told with where it stands.

use std::{
    cell::RefCell,
    fs,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use coffer_domain::time::Span;
use coffer_store::failpoint::Failpoint;
use coffer_web::rate_limit::RateLimit;
use coffer_wire::access_token::AccessToken;

pub(crate) use self::section::distance;
pub use self::{
    address_range::AddressRange,
    environment::Environment,
    log::LogSettings,
    mistake::{Mistake, Mistakes},
    network::NetworkSettings,
    node::Origin,
    operator::{AlarmSettings, MailSettings, Webhook},
    shown::Shown,
    store::StoreSettings,
    urls::UrlSettings,
};
use self::{node::Table, section::Section};

mod address_range;
mod environment;
mod log;
mod mistake;
mod network;
mod node;
mod operator;
mod public_url;
mod section;
mod shown;
mod store;
mod urls;
mod warnings;

#[cfg(test)]
mod tests;

/// The commented defaults, as `coffer config default` prints them.
pub const DEFAULT: &str = include_str!("../coffer.default.toml");

/// The name of a settings file.
pub const FILE: &str = "coffer.toml";

/// Everything an installation decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// The HTTP server.
    pub server: ServerSettings,
    /// The database.
    pub store: StoreSettings,
    /// The file of the master keys.
    pub key_file: PathBuf,
    /// Whether callbacks may go to http URLs and private networks.
    pub allow_private_callbacks: bool,
    /// Where prices of live payments come from.
    pub rates: Rates,
    /// Merchants' URLs.
    pub urls: UrlSettings,
    /// The networks that are read.
    pub networks: NetworkSettings,
    /// What a key may do.
    pub rate_limit: RateLimit,
    /// Time between blocks of the sandbox chain.
    pub sandbox_block: Span,
    /// What is logged.
    pub log: LogSettings,
    /// Where Prometheus finds the metrics.
    pub metrics: Option<SocketAddr>,
    /// What `/health` must be asked with to tell more than whether all is well.
    pub health_token: Option<AccessToken>,
    /// How mails are sent; none where no server is named.
    pub mail: Option<MailSettings>,
    /// Who is told of alarms, and when.
    pub alarms: AlarmSettings,
    /// Ends the process on purpose; debug builds only.
    pub failpoint: Option<Failpoint>,
    /// Every setting as it is in force, for `config check`.
    pub shown: Vec<Shown>,
}

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where it is reached, without a slash at the end; none for the address it listens on.
    pub public_url: Option<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// Connections served at a time.
    pub max_connections: usize,
    /// Connections of one client at a time.
    pub max_connections_per_client: usize,
    /// In which the head of a request must have arrived.
    pub header_timeout: Duration,
    /// Which requests under way have at the end.
    pub shutdown_timeout: Duration,
}

/// Where prices come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rates {
    /// Markets and the European Central Bank.
    Market,
    /// The catalogue's made-up prices.
    Fixed,
}

/// Where settings are looked for.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// The file named on the command line.
    pub file: Option<&'a Path>,
    /// The folder in which a settings file is looked for, and which one is named from.
    pub working_directory: PathBuf,
    /// The environment.
    pub environment: Environment,
    /// Settings in the place of a file, as the demo brings them along.
    pub instead_of_file: Option<&'a str>,
}

impl Settings {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let (table, file) = gather(sources, &mut mistakes);
        let mistakes = RefCell::new(mistakes);
        let settings = read(&table, file, sources, &mistakes);
        let mistakes = mistakes.into_inner();
        settings.filter(|_| mistakes.is_empty()).ok_or(Mistakes(mistakes))
    }

    /// Whether somebody has set this setting, so that its default does not hold.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        let mut shown = self.shown.iter();
        shown.any(|shown| shown.path == path && shown.origin != Origin::Default)
    }
}

/// The place of the settings file that is read when none is named, if one exists.
#[must_use]
pub fn find_file(working_directory: &Path, environment: &Environment) -> Option<PathBuf> {
    let own = environment.config_home().map(|home| home.join("coffer").join(FILE));
    let places =
        [Some(working_directory.join(FILE)), own, Some(Path::new("/etc/coffer").join(FILE))];
    places.into_iter().flatten().find(|place| place.is_file())
}

/// The layers over each other.
fn gather(sources: &Sources<'_>, mistakes: &mut Vec<Mistake>) -> (Table, Option<PathBuf>) {
    let mut table = node::parse(DEFAULT, &|_| Origin::Default).unwrap_or_default();
    let mut file = None;
    if let Some(text) = sources.instead_of_file {
        match node::parse(text, &|_| Origin::Demo) {
            Ok(layer) => node::lay_over(&mut table, layer),
            Err(mistake) => mistakes.push(mistake),
        }
    } else {
        let named = sources.file.map(|path| sources.working_directory.join(path));
        file = named.or_else(|| find_file(&sources.working_directory, &sources.environment));
    }
    if let Some(path) = &file {
        match read_file(path) {
            Ok(layer) => node::lay_over(&mut table, layer),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let variables = sources.environment.settings(mistakes);
    node::lay_over(&mut table, variables);
    (table, file)
}

fn read_file(path: &Path) -> Result<Table, Mistake> {
    let text = fs::read_to_string(path).map_err(|error| Mistake {
        path: path.display().to_string(),
        origin: None,
        text: format!("cannot be read: {error}"),
    })?;
    let shared: Arc<Path> = path.into();
    node::parse(&text, &|line| Origin::File { path: Arc::clone(&shared), line })
}

fn read(
    table: &Table,
    file: Option<PathBuf>,
    sources: &Sources<'_>,
    mistakes: &RefCell<Vec<Mistake>>,
) -> Option<Settings> {
    let mut root = Section::root(table, mistakes);
    let server = read_server(root.section("server"));
    let store = store::read(root.section("store"), sources);
    let key_file = store::read_key_file(root.section("secrets"), store.as_ref(), sources);
    let allow_private_callbacks = read_callbacks(root.section("callbacks"));
    let rates = read_rates(root.section("rates"));
    let urls = urls::read(root.section("urls"));
    let networks = network::read(root.section("networks"));
    let rate_limit = read_limits(root.section("limits"));
    let sandbox_block = read_sandbox(root.section("sandbox"));
    let log = log::read(root.section("log"));
    let metrics = read_metrics(root.section("metrics"));
    let health_token = read_health(root.section("health"));
    let (mail_meant, mail) = operator::read_mail(root.section("mail"));
    let alarms = operator::read_alarms(root.section("alarms"), mail_meant);
    let failpoint = if cfg!(debug_assertions) { read_test(root.section("test")) } else { None };
    root.finish();
    let (server, store, key_file) = (server?, store?, key_file?);
    let mut shown = shown::effective(table);
    shown::add(&mut shown, "store.url", &store.url.to_string());
    shown::add(&mut shown, "secrets.key_file", &key_file.display().to_string());
    shown::add(&mut shown, "server.public_url", &server.own_url(server.listen));
    Some(Settings {
        file,
        server,
        store,
        key_file,
        allow_private_callbacks,
        rates: rates?,
        urls: urls?,
        networks,
        rate_limit: rate_limit?,
        sandbox_block: sandbox_block?,
        log: log?,
        metrics,
        health_token,
        mail,
        alarms: alarms?,
        failpoint,
        shown,
    })
}

fn read_server(mut section: Section<'_>) -> Option<ServerSettings> {
    let listen = section.parsed("listen", parse_address);
    let public_url = section.parsed("public_url", public_url::parse);
    let local = listen.is_none_or(|listen| listen.ip().is_loopback());
    if public_url.is_none() && !local && !section.has("public_url") {
        section.refuse(
            "public_url",
            "is missing: `listen` is an address that others can reach, so say under which \
             https:// URL they do",
        );
    }
    let proxies = section.texts("trusted_proxies");
    let mut trusted_proxies = Vec::new();
    for proxy in proxies {
        match proxy.parse::<AddressRange>() {
            Ok(range) => trusted_proxies.push(range),
            Err(reason) => section.refuse("trusted_proxies", &reason),
        }
    }
    let max_connections = section.number("max_connections", 1..=1_000_000);
    let of_client = section.number("max_connections_per_client", 1..=1_000_000);
    let header = section.number("header_timeout_seconds", 1..=3_600);
    let shutdown = section.number("shutdown_timeout_seconds", 0..=3_600);
    section.finish();
    Some(ServerSettings {
        listen: listen?,
        public_url,
        trusted_proxies,
        max_connections: max_connections?,
        max_connections_per_client: of_client?,
        header_timeout: Duration::from_secs(header?),
        shutdown_timeout: Duration::from_secs(shutdown?),
    })
}

fn read_callbacks(mut section: Section<'_>) -> bool {
    let allow = section.flag("allow_private_networks");
    section.finish();
    allow
}

fn read_rates(mut section: Section<'_>) -> Option<Rates> {
    let source = section.word("source", &[("market", Rates::Market), ("fixed", Rates::Fixed)]);
    section.finish();
    source
}

fn read_limits(mut section: Section<'_>) -> Option<RateLimit> {
    let per_second: Option<u32> = section.number("requests_per_second", 1..=1_000_000_000);
    let burst: Option<u32> = section.number("burst", 1..=1_000_000_000);
    section.finish();
    Some(RateLimit { per_second: NonZeroU32::new(per_second?)?, burst: NonZeroU32::new(burst?)? })
}

fn read_sandbox(mut section: Section<'_>) -> Option<Span> {
    let seconds = section.number("block_seconds", 1..=3_600);
    section.finish();
    seconds.map(Span::from_seconds)
}

fn read_metrics(mut section: Section<'_>) -> Option<SocketAddr> {
    let listen = section.parsed("listen", parse_address);
    section.finish();
    listen
}

fn read_health(mut section: Section<'_>) -> Option<AccessToken> {
    let token =
        section.parsed("token", |text| AccessToken::parse(text).map_err(|no| no.to_string()));
    section.finish();
    token
}

fn read_test(mut section: Section<'_>) -> Option<Failpoint> {
    let log = section.text("failpoint_log").map(PathBuf::from);
    let failpoint = section.parsed("failpoint", |text| {
        let log = log.ok_or("failpoint_log is needed, too")?;
        Failpoint::parse(text, log).ok_or_else(|| "after_commit:N is expected".to_owned())
    });
    section.finish();
    failpoint
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no address and port such as 127.0.0.1:8080"))
}
