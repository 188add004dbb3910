//! `coffer demo`: the whole path on one machine, with a database and settings of its own.

use std::{
    future,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use coffer_domain::{
    merchant::{Environment as Scoped, Scope},
    payment_request::Policy,
    time::Timestamp,
};
use coffer_engine::engine::Engine;
use serde_json::json;

use self::{exchange::Secrets, once::Walk, shop::Shop};
use crate::{
    cli::DemoArgs,
    failure::Failure,
    serve::{Server, Signals, logging},
    settings::{Environment, Settings},
    terminal::Terminal,
};

pub(crate) use self::place::temporary_folder;

pub(crate) mod exchange;
mod once;
mod page;
mod place;
mod shop;

/// The merchant's name, as customers see it.
const MERCHANT: &str = "Coffer demo shop";
/// How customers reach it.
const SUPPORT: &str = "help@shop.example";
/// Where the demo listens unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Serves the demonstration, or walks through it once.
///
/// # Errors
/// When it cannot be served, or something is not as documented.
pub async fn run(
    args: &DemoArgs,
    environment: &Environment,
    terminal: Terminal,
) -> Result<(), Failure> {
    let temporary = if args.once { Some(temporary_folder()?) } else { None };
    let mut settings = place::settings(environment, temporary.as_ref()).await?;
    let free = SocketAddr::new(LISTEN.ip(), 0);
    settings.server.listen = args.listen.unwrap_or(if args.once { free } else { LISTEN });
    if !settings.server.listen.ip().is_loopback() && settings.server.public_url.is_none() {
        return Err(Failure::new(
            "the demo is for this machine: listen on 127.0.0.1, or set COFFER_SERVER__PUBLIC_URL",
        ));
    }
    logging::start(&settings.log);
    if args.once { walk(&settings, terminal).await } else { serve(&settings, terminal).await }
}

async fn serve(settings: &Settings, terminal: Terminal) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let (server, _) = start(settings).await?;
    let (public, listening) = (&server.public_url, format!("http://{}", server.address));
    let told = terminal.answer(
        || json!({"listening": listening, "public_url": public}),
        || {
            format!(
                "listening on {listening}\n\n  The shop    {public}/demo/shop\n  \
                 The wallet  {public}/demo/wallet\n\nThe money is made up; everything else is \
                 real. Ctrl-C ends it.\n"
            )
        },
    );
    if told.is_ok() {
        signals.received().await;
    }
    server.stop(signals.received()).await;
    told
}

async fn walk(settings: &Settings, terminal: Terminal) -> Result<(), Failure> {
    let (server, shop) = start(settings).await?;
    let walk = Walk::new(shop, server.address, server.public_url.clone(), terminal);
    let said = walk.run().await;
    server.stop(future::pending()).await;
    said
}

async fn start(settings: &Settings) -> Result<(Server, Shop), Failure> {
    let mut made = None;
    let server = Server::start(settings, async |engine: &Engine, address| {
        let own = reachable(address);
        let secrets = open_shop(engine, own).await?;
        let shop = Shop::new(own, settings.server.own_url(address), secrets);
        made = Some(shop.clone());
        Ok(page::router(shop))
    })
    .await?;
    match made {
        Some(shop) => Ok((server, shop)),
        None => Err(Failure::new("the shop was not opened")),
    }
}

/// The merchant with a fresh sandbox key; keys of earlier starts, whose secrets are forgotten, are
/// disabled, so that callbacks still due from then are signed with the new one.
async fn open_shop(engine: &Engine, own: SocketAddr) -> Result<Secrets, Failure> {
    let callback_url = Some(format!("http://{own}{}", shop::CALLBACK_PATH));
    let known = engine.merchants().await?.into_iter().find(|merchant| merchant.name == MERCHANT);
    let mut merchant = match known {
        Some(merchant) => merchant,
        None => engine.add_merchant(MERCHANT, None, Policy::DEFAULT).await?,
    };
    merchant.callback_url = callback_url;
    merchant.support = Some(SUPPORT.to_owned());
    engine.set_merchant(merchant.clone()).await?;
    for old in engine.keys_of(merchant.id).await? {
        engine.disable_key(old.id).await?;
    }
    let scope = Scope { merchant: merchant.id, environment: Scoped::Sandbox };
    let key = engine.add_key(scope).await?;
    Ok(Secrets { key: key.key, secret: key.secret, webhook_secret: key.webhook_secret })
}

/// Where a server that listens everywhere is found from here.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    reachable
}

/// `06:12:03` of a day, UTC.
pub(crate) fn clock_time(time: Timestamp) -> String {
    let second = time.seconds().rem_euclid(86_400);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{hour:02}:{minute:02}:{:02} UTC", second % 60)
}
