//! Screening of merchants' URLs by a blocklist in a local file.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use coffer_domain::{
    merchant_url::{MerchantUrl, Screening},
    ports::UrlScreen,
};
use url::Host;

/// Most bytes of a blocklist.
pub const BLOCKLIST_BYTES: u64 = 64 * 1024 * 1024;

/// Hosts that merchants' URLs may not name, from a file: one domain a line, in Unicode or ASCII,
/// which stands for itself and everything below it (`*.` before it changes nothing); `#` begins a
/// comment. The file is read again when it has changed; if it cannot be read then, or has a
/// mistake, the list read before stays in force.
pub struct BlocklistFile {
    path: PathBuf,
    loaded: Mutex<Loaded>,
}

/// Why a blocklist cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BlocklistRefused {
    /// The file cannot be read.
    #[error("the blocklist {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too large to be a blocklist.
    #[error("the blocklist {path} has more than {BLOCKLIST_BYTES} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line is no domain name.
    #[error("the blocklist {path}, line {line}: a domain name is expected")]
    NotADomain {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

struct Loaded {
    stamp: Option<Stamp>,
    domains: Arc<HashSet<String>>,
}

/// What changes when the file does.
type Stamp = (SystemTime, u64);

impl BlocklistFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`BlocklistRefused`]: at the start a list that cannot be used is a mistake in the settings.
    pub fn open(path: &Path) -> Result<Self, BlocklistRefused> {
        let stamp = stamp(path)?;
        let domains = Arc::new(read(path)?);
        let loaded = Mutex::new(Loaded { stamp: Some(stamp), domains });
        Ok(Self { path: path.to_owned(), loaded })
    }

    fn domains(&self) -> Arc<HashSet<String>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(&self.path);
        let changed = now.as_ref().ok() != loaded.stamp.as_ref();
        if changed {
            loaded.stamp = now.as_ref().ok().copied();
            match now.and_then(|_| read(&self.path)) {
                Ok(domains) => loaded.domains = Arc::new(domains),
                Err(error) => tracing::warn!(%error, "the blocklist read before stays in force"),
            }
        }
        Arc::clone(&loaded.domains)
    }
}

#[async_trait]
impl UrlScreen for BlocklistFile {
    async fn screen(&self, url: &MerchantUrl) -> Screening {
        let domains = self.domains();
        match above(url.host.trim_end_matches('.')).find(|domain| domains.contains(*domain)) {
            Some(domain) => {
                Screening::Listed(format!("{domain} is on the blocklist of this installation"))
            }
            None => Screening::Clean,
        }
    }
}

/// The host, then each domain above it.
fn above(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, parent)| parent))
}

fn stamp(path: &Path) -> Result<Stamp, BlocklistRefused> {
    let stamp = fs::metadata(path).and_then(|file| Ok((file.modified()?, file.len())));
    stamp.map_err(|source| BlocklistRefused::Unreadable { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<HashSet<String>, BlocklistRefused> {
    if stamp(path)?.1 > BLOCKLIST_BYTES {
        return Err(BlocklistRefused::TooLarge { path: path.to_owned() });
    }
    let text = fs::read_to_string(path)
        .map_err(|source| BlocklistRefused::Unreadable { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().filter_map(|(index, line)| {
        let entry = line.split('#').next().unwrap_or_default().trim();
        (!entry.is_empty()).then_some((index + 1, entry))
    });
    lines
        .map(|(line, entry)| {
            domain(entry)
                .ok_or_else(|| BlocklistRefused::NotADomain { path: path.to_owned(), line })
        })
        .collect()
}

/// The domain in lower-case ASCII (IDNA), as the host of a parsed URL is.
fn domain(entry: &str) -> Option<String> {
    let entry = entry.strip_prefix("*.").unwrap_or(entry).trim_end_matches('.');
    let Host::Domain(name) = Host::parse(entry).ok()? else { return None };
    let letters = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    name.split('.').all(letters).then_some(name)
}

#[cfg(test)]
mod tests;
