//! The file that holds the master keys.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use coffer_domain::ports::Entropy;
use zeroize::Zeroizing;

use super::{Key, LONGEST_ID, MasterKeys};

/// The id of the key made at first start.
const FIRST: &str = "key-1";
/// Bytes of a key file at most.
const LARGEST: u64 = 64 * 1024;

/// A key file that cannot be used. The file's content never appears in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("the key file {path}: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// Others than its owner may read it.
    #[error("the key file {path} may be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line is not `id:key`.
    #[error(
        "the key file {path}, line {line}: expected id:key, the id of letters, digits and \
         hyphens, used once, and the key of 64 hexadecimal digits"
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It holds no key.
    #[error("the key file {path} holds no key")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl MasterKeys {
    /// Reads the key file: lines `id:key`, the key in hexadecimal; `#` starts a comment.
    ///
    /// # Errors
    /// When it cannot be read, others may read it, or it is not as described.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |reason| KeyFileError::Io { path: path.to_owned(), reason };
        let file = File::open(path).map_err(failed)?;
        check_mode(path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.take(LARGEST).read_to_string(&mut text).map_err(failed)?;
        Self::read(path, &text)
    }

    /// Reads the key file, or makes one with a first key, readable by its owner only, if there is
    /// none. For the first start: losing the file loses every sealed text.
    ///
    /// # Errors
    /// As [`load`](Self::load), or when it cannot be made.
    pub fn load_or_make(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyFileError> {
        match make(path, entropy) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(reason) => return Err(KeyFileError::Io { path: path.to_owned(), reason }),
        }
        Self::load(path)
    }

    fn read(path: &Path, text: &str) -> Result<Self, KeyFileError> {
        let mut keys: Vec<(String, Key)> = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let key = parse(line).filter(|(id, _)| keys.iter().all(|(known, _)| known != id));
            let path = || path.to_owned();
            keys.push(key.ok_or_else(|| KeyFileError::Line { path: path(), line: number })?);
        }
        Self::new(keys).ok_or_else(|| KeyFileError::Empty { path: path.to_owned() })
    }
}

/// Makes the file whole or not at all: another process may be reading it already.
fn make(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut tag = [0; 8];
    entropy.fill(&mut tag);
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{:016x}", u64::from_be_bytes(tag)));
    let part = PathBuf::from(part);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let key = Key::random(entropy);
    let mut text = Zeroizing::new(format!(
        "# Coffer's master keys. Keep a copy apart from the database's backups: without this\n\
         # file nothing sealed opens again. Add a line to change keys; never remove the first.\n\
         {FIRST}:"
    ));
    for nibble in key.0.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.extend(char::from_digit(u32::from(nibble), 16));
    }
    text.push('\n');
    let written = options.open(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    // A link, as a rename would replace the file of a process that was faster.
    let made = written.and_then(|()| fs::hard_link(&part, path));
    let removed = fs::remove_file(&part);
    made.and(removed)
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |reason| KeyFileError::Io { path: path.to_owned(), reason };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyFileError::Open { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

fn parse(line: &str) -> Option<(String, Key)> {
    let (id, hex) = line.split_once(':')?;
    let (id, hex) = (id.trim(), hex.trim().as_bytes());
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if id.is_empty() || id.len() > LONGEST_ID || !plain || hex.len() != 64 {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    for (slot, [high, low]) in key.iter_mut().zip(hex.as_chunks::<2>().0) {
        let digit = |letter: u8| char::from(letter).to_digit(16);
        *slot = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    }
    Some((id.to_owned(), Key(key)))
}
