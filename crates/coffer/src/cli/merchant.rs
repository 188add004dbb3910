//! `coffer merchant …`

use std::collections::BTreeMap;

use coffer_domain::{
    code::NetworkName,
    confirmations::{Confirmations, ConfirmationsRefused},
    id::MerchantId,
    merchant::Merchant,
    merchant_url::{MerchantUrl, UrlRefused, parse_callback_url},
    payment_request::Policy,
};
use coffer_engine::engine::Engine;
use serde_json::{Value, json};

use super::{MerchantCommand, MerchantConfirmations, MerchantLook, Profile, moment};
use crate::{
    failure::Failure,
    network_name::unknown,
    settings::Settings,
    terminal::{Terminal, columns},
};

/// Most characters of a merchant's name.
const NAME_CHARS: usize = 100;

pub(super) async fn run(
    engine: &Engine,
    settings: &Settings,
    command: &MerchantCommand,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        MerchantCommand::Add { name, callback_url, profile, confirmations, look } => {
            let mut wrong = Wrong::default();
            let name = wrong.unless(check_name(name));
            let callback_url = callback_url.as_deref().map(|url| check_callback(url, settings));
            let callback_url = wrong.unless(callback_url.transpose()).flatten();
            let mut policy = policy(*profile);
            ask_for(&mut policy, engine, confirmations, &mut wrong);
            let checked = Look::check(look, &mut wrong);
            wrong.end()?;
            let mut merchant = engine.add_merchant(name, callback_url, policy).await?;
            if checked.apply(&mut merchant) {
                engine.set_merchant(merchant.clone()).await?;
            }
            terminal.answer(|| object(&merchant), || added(&merchant))
        }
        MerchantCommand::List => {
            let merchants = engine.merchants().await?;
            terminal.answer(
                || json!({"merchants": merchants.iter().map(object).collect::<Vec<_>>()}),
                || table(&merchants),
            )
        }
        MerchantCommand::Show { id } => {
            let merchant = find(engine, id).await?;
            terminal.answer(|| object(&merchant), || lines(&merchant))
        }
        MerchantCommand::Set { id, name, callback_url, profile, confirmations, look } => {
            let mut merchant = find(engine, id).await?;
            let mut wrong = Wrong::default();
            if let Some(name) = name {
                wrong.unless(check_name(name)).clone_into(&mut merchant.name);
            }
            if let Some(url) = callback_url {
                merchant.callback_url = wrong.unless(check_callback(url, settings));
            }
            if let Some(profile) = profile {
                let confirmations = std::mem::take(&mut merchant.policy.confirmations);
                merchant.policy = Policy { confirmations, ..policy(*profile) };
            }
            ask_for(&mut merchant.policy, engine, confirmations, &mut wrong);
            let checked = Look::check(look, &mut wrong);
            wrong.end()?;
            checked.apply(&mut merchant);
            engine.set_merchant(merchant.clone()).await?;
            terminal.answer(|| object(&merchant), || lines(&merchant))
        }
    }
}

/// The merchant of an id as typed.
pub(super) async fn find(engine: &Engine, id: &str) -> Result<Merchant, Failure> {
    let unknown = || Failure::new(format!("there is no merchant {id}; see coffer merchant list"));
    let id: MerchantId = id.parse().map_err(|_| unknown())?;
    engine.merchant(id).await?.ok_or_else(unknown)
}

/// Everything that is wrong about a command, so that it is told at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    /// The value, or, once what is wrong with it is noted, nothing of its kind.
    fn unless<T: Default>(&mut self, checked: Result<T, Failure>) -> T {
        checked.unwrap_or_else(|failure| {
            self.0.push(failure.0);
            T::default()
        })
    }

    fn end(self) -> Result<(), Failure> {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => Err(Failure::new(one)),
            many => {
                let count = many.len();
                Err(Failure::new(format!("{count} mistakes:\n  {}", many.join("\n  "))))
            }
        }
    }
}

/// What customers see, checked. An outer `None` changes nothing, an inner one takes away.
struct Look {
    support: Option<Option<String>>,
    terms_url: Option<Option<String>>,
    privacy_url: Option<Option<String>>,
    accent: Option<Option<String>>,
    frame_ancestors: Option<Vec<String>>,
}

impl Look {
    fn check(look: &MerchantLook, wrong: &mut Wrong) -> Self {
        let (terms, privacy) = (look.terms_url.as_deref(), look.privacy_url.as_deref());
        let origins = look.frame_ancestors.as_deref().map(check_origins).transpose();
        Self {
            support: wrong.unless(given(look.support.as_deref(), check_support)),
            terms_url: wrong.unless(given(terms, |url| check_page("--terms-url", url))),
            privacy_url: wrong.unless(given(privacy, |url| check_page("--privacy-url", url))),
            accent: wrong.unless(given(look.accent.as_deref(), check_accent)),
            frame_ancestors: wrong.unless(origins),
        }
    }

    /// Whether anything was given.
    fn apply(self, merchant: &mut Merchant) -> bool {
        let Self { support, terms_url, privacy_url, accent, frame_ancestors } = self;
        let mut changed = false;
        for (given, kept) in [
            (support, &mut merchant.support),
            (terms_url, &mut merchant.terms_url),
            (privacy_url, &mut merchant.privacy_url),
            (accent, &mut merchant.accent),
        ] {
            if let Some(given) = given {
                *kept = given;
                changed = true;
            }
        }
        if let Some(origins) = frame_ancestors {
            merchant.frame_ancestors = origins;
            changed = true;
        }
        changed
    }
}

fn given(
    text: Option<&str>,
    check: impl FnOnce(&str) -> Result<(), Failure>,
) -> Result<Option<Option<String>>, Failure> {
    match text {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => check(text).map(|()| Some(Some(text.to_owned()))),
    }
}

fn check_name(name: &str) -> Result<&str, Failure> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return Err(Failure::new(format!("the name must have 1 to {NAME_CHARS} characters")));
    }
    Ok(name)
}

fn check_callback(url: &str, settings: &Settings) -> Result<Option<String>, Failure> {
    if url.is_empty() {
        return Ok(None);
    }
    let private = settings.allow_private_callbacks;
    let url = parse_callback_url(url, private).map_err(|refused| {
        Failure::new(match (private, refused) {
            (true, UrlRefused::NotHttps) => {
                "--callback-url must start with http:// or https://".to_owned()
            }
            (true, refused) => format!("--callback-url {refused}"),
            (false, refused) => format!(
                "--callback-url {refused} (callbacks.allow_private_networks admits http and your \
                 own network)"
            ),
        })
    })?;
    Ok(Some(url.text))
}

fn check_page(option: &str, url: &str) -> Result<(), Failure> {
    let parsed = MerchantUrl::parse(url, false);
    parsed.map(drop).map_err(|refused| Failure::new(format!("{option} {refused}")))
}

fn check_support(contact: &str) -> Result<(), Failure> {
    if contact.contains("://") {
        return check_page("--support", contact);
    }
    let mut parts = contact.split('@');
    let fits = matches!((parts.next(), parts.next(), parts.next()), (Some(user), Some(host), None)
        if !user.is_empty() && host.contains('.'));
    let plain = contact.chars().all(|letter| letter.is_ascii_graphic());
    if fits && plain && contact.len() <= 254 {
        return Ok(());
    }
    Err(Failure::new("--support must be an e-mail address or an https:// URL"))
}

fn check_accent(colour: &str) -> Result<(), Failure> {
    let digits = colour.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Failure::new("--accent must be a colour such as #1a6b4f"))
}

/// Origins of the shop's pages: https, a host, perhaps a port, nothing more.
fn check_origins(origins: &[String]) -> Result<Vec<String>, Failure> {
    let mut checked = Vec::new();
    for origin in origins.iter().filter(|origin| !origin.is_empty()) {
        let bare = origin.trim_end_matches('/');
        check_page("--frame-ancestor", bare)?;
        let host = bare.get("https://".len()..).unwrap_or_default();
        if host.contains(['/', '?', '#', ';', ',', ' ']) {
            let text = "--frame-ancestor must be an origin such as https://shop.example";
            return Err(Failure::new(text));
        }
        checked.push(bare.to_owned());
    }
    Ok(checked)
}

const fn policy(profile: Profile) -> Policy {
    match profile {
        Profile::Coffer => Policy::DEFAULT,
        Profile::Cryptoprocessing => Policy::CRYPTOPROCESSING,
    }
}

/// Takes over what the merchant asks for on each network.
fn ask_for(
    policy: &mut Policy,
    engine: &Engine,
    confirmations: &MerchantConfirmations,
    wrong: &mut Wrong,
) {
    for text in &confirmations.own {
        let read = read_confirmations(text, engine);
        if let Some((network, steps)) = wrong.unless(read.map(Some)) {
            policy.set_confirmations(network, steps);
        }
    }
}

fn read_confirmations(
    text: &str,
    engine: &Engine,
) -> Result<(NetworkName, Option<Confirmations>), Failure> {
    let form = || Failure::new(format!("--confirmations {text:?}: write NETWORK=STEPS"));
    let (name, steps) = text.split_once('=').ok_or_else(form)?;
    let network = NetworkName::new(name.trim()).ok();
    let network = network.and_then(|name| engine.catalogue().network(name));
    let network = network.ok_or_else(|| {
        let catalogue = engine.catalogue();
        let all: Vec<_> = catalogue.networks().iter().map(|network| network.name).collect();
        let said = unknown(name.trim(), catalogue, &all, &all);
        Failure::new(format!("--confirmations {text:?}: {said}"))
    })?;
    let steps = steps.trim();
    let parsed = (!steps.is_empty()).then(|| steps.parse()).transpose();
    let refused = |refused| Failure::new(format!("--confirmations {}: {refused}", network.name));
    Ok((network.name, parsed.map_err(|error: ConfirmationsRefused| refused(error))?))
}

fn profile(policy: &Policy) -> &'static str {
    let bare = Policy { confirmations: Vec::new(), ..policy.clone() };
    if bare == Policy::DEFAULT {
        "coffer"
    } else if bare == Policy::CRYPTOPROCESSING {
        "cryptoprocessing"
    } else {
        "own"
    }
}

fn object(merchant: &Merchant) -> Value {
    json!({
        "id": merchant.id.text(),
        "name": merchant.name,
        "callback_url": merchant.callback_url,
        "profile": profile(&merchant.policy),
        "confirmations": asked_for(merchant).collect::<BTreeMap<_, _>>(),
        "support": merchant.support,
        "terms_url": merchant.terms_url,
        "privacy_url": merchant.privacy_url,
        "accent": merchant.accent,
        "frame_ancestors": merchant.frame_ancestors,
        "created_at": merchant.created_at.seconds(),
    })
}

/// What the merchant asks for, network by network.
fn asked_for(merchant: &Merchant) -> impl Iterator<Item = (&str, String)> {
    let own = merchant.policy.confirmations.iter();
    own.map(|(network, steps)| (network.as_str(), steps.to_string()))
}

fn in_lines(merchant: &Merchant) -> String {
    let own: Vec<String> =
        asked_for(merchant).map(|(network, steps)| format!("{network}: {steps}")).collect();
    if own.is_empty() { "as the settings say".to_owned() } else { own.join("; ") }
}

fn added(merchant: &Merchant) -> String {
    let id = merchant.id.text();
    let mut text = format!("Added {} as {id}.\n", merchant.name);
    if merchant.callback_url.is_none() {
        text += &format!(
            "It has no callback URL and is told nothing until it has one; set one:\n    \
             coffer merchant set {id} --callback-url URL\n"
        );
    }
    if merchant.support.is_none() {
        text += &format!(
            "Customers are not told how to reach the shop when something goes wrong; say it:\n    \
             coffer merchant set {id} --support help@shop.example\n"
        );
    }
    text + &format!("Next, make a key for it:\n    coffer key add --merchant {id} --sandbox\n")
}

fn table(merchants: &[Merchant]) -> String {
    if merchants.is_empty() {
        return "There is no merchant yet. Add one:\n    coffer merchant add NAME --callback-url \
                URL\n"
            .to_owned();
    }
    let head = ["id", "name", "callback URL"].map(str::to_owned).to_vec();
    let row = |merchant: &Merchant| {
        let url = merchant.callback_url.clone().unwrap_or_else(|| "none".to_owned());
        vec![merchant.id.text(), merchant.name.clone(), url]
    };
    columns(&std::iter::once(head).chain(merchants.iter().map(row)).collect::<Vec<_>>())
}

fn lines(merchant: &Merchant) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let rows = [
        ("id", merchant.id.text()),
        ("name", merchant.name.clone()),
        ("callback URL", or_none(&merchant.callback_url)),
        ("profile", profile(&merchant.policy).to_owned()),
        ("confirmations", in_lines(merchant)),
        ("support", or_none(&merchant.support)),
        ("terms", or_none(&merchant.terms_url)),
        ("privacy", or_none(&merchant.privacy_url)),
        ("accent", or_none(&merchant.accent)),
        (
            "may be framed by",
            match merchant.frame_ancestors.as_slice() {
                [] => "none".to_owned(),
                origins => origins.join(" "),
            },
        ),
        ("added", moment::text(merchant.created_at)),
    ];
    columns(&rows.map(|(name, value)| vec![name.to_owned(), value]))
}
