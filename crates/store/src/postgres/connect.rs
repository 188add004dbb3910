//! Connections to the server: encryption, limits, and the check of its version.

use std::{net::IpAddr, sync::Arc};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault;
use crate::{error::OpenError, store::StoreOptions};

/// The oldest server that is used, as `server_version_num`.
const OLDEST: i64 = 150_000;

/// Limits every connection sets: how long it waits for a lock, works on one statement, and may
/// leave a transaction standing, in milliseconds.
const LIMITS: &str = "SET lock_timeout = 10000; SET statement_timeout = 60000; \
     SET idle_in_transaction_session_timeout = 60000; SET client_min_messages = warning; \
     SET standard_conforming_strings = on";

/// A pool of connections; makes none yet.
pub(crate) fn pool(config: &Config, options: &StoreOptions) -> Result<Pool, OpenError> {
    let (mut config, encryption) = prepared(config)?;
    config.connect_timeout(options.postgres_wait);
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match encryption {
        Some(encryption) => Manager::from_config(config, encryption, recycling),
        None => Manager::from_config(config, NoTls, recycling),
    };
    Pool::builder(manager)
        .max_size(options.postgres_connections.max(1))
        .wait_timeout(Some(options.postgres_wait))
        .create_timeout(Some(options.postgres_wait))
        .recycle_timeout(Some(options.postgres_wait))
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(LIMITS).await.map_err(HookError::Backend) })
        }))
        .build()
        .map_err(|error| OpenError::Unreachable(error.to_string()))
}

/// The settings of a connection, and how it is encrypted where it is.
pub(crate) fn prepared(config: &Config) -> Result<(Config, Option<MakeRustlsConnect>), OpenError> {
    let mut config = config.clone();
    if config.get_application_name().is_none() {
        config.application_name("coffer");
    }
    if !encrypted(&config)? {
        config.ssl_mode(SslMode::Disable);
        return Ok((config, None));
    }
    config.ssl_mode(SslMode::Require);
    Ok((config, Some(MakeRustlsConnect::new(trust()?))))
}

/// A connection, and whether the server will do.
pub(crate) async fn first(pool: &Pool) -> Result<Object, OpenError> {
    let object = pool.get().await.map_err(|error| OpenError::Unreachable(fault::chain(&error)))?;
    let sql = "SELECT current_setting('server_version_num')::bigint, \
               current_setting('server_version'), current_schema()::text";
    let row = object.query_one(sql, &[]).await.map_err(|error| fault::meaning(&error, sql))?;
    if row.get::<_, i64>(0) < OLDEST {
        return Err(OpenError::OldServer(row.get(1)));
    }
    if row.get::<_, Option<String>>(2).is_none() {
        let reason = "the schema of search_path does not exist, or may not be used";
        return Err(OpenError::Unreachable(reason.to_owned()));
    }
    Ok(object)
}

/// Whether connections are encrypted: always to another machine, here only if asked for.
fn encrypted(config: &Config) -> Result<bool, OpenError> {
    let far = config.get_hosts().iter().find(|host| !is_here(host));
    match (config.get_ssl_mode(), far) {
        (SslMode::Require, _) => Ok(true),
        (SslMode::Disable, Some(Host::Tcp(host))) => {
            Err(OpenError::Cleartext { host: host.clone(), mode: "disable" })
        }
        (_, far) => Ok(far.is_some()),
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The certificates this machine trusts, or those of `SSL_CERT_FILE`. The server's name is
/// always checked.
fn trust() -> Result<rustls::ClientConfig, OpenError> {
    let unreachable = |reason: String| OpenError::Unreachable(reason);
    let found = rustls_native_certs::load_native_certs();
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = "no trusted certificates on this machine; name a file in SSL_CERT_FILE";
        return Err(unreachable(reason.to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unreachable(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_crosses_the_network_in_the_clear() {
        let encrypted = |url: &str| encrypted(&url.parse().unwrap());
        for here in ["127.0.0.1", "localhost", "[::1]", "%2Ftmp"] {
            assert!(!encrypted(&format!("postgres://u@{here}/d")).unwrap(), "{here}");
            let required = format!("postgres://u@{here}/d?sslmode=require");
            assert!(encrypted(&required).unwrap(), "{here}");
        }
        assert!(encrypted("postgres://u@db.example/d").unwrap());
        assert!(encrypted("postgres://u@127.0.0.1,db.example/d").unwrap());
        assert!(encrypted("postgres://u@10.0.0.1/d?sslmode=prefer").unwrap());
        let refused = encrypted("postgres://u@10.0.0.1/d?sslmode=disable").unwrap_err();
        assert!(refused.to_string().contains("sslmode=require"), "{refused}");
    }
}
