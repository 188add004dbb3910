use std::{
    fs,
    sync::atomic::{AtomicU8, Ordering},
};

use super::*;

/// Bytes that never repeat, so that tests are the same each time.
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn entropy() -> Counting {
    Counting(AtomicU8::new(7))
}

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coffer.key");
    if !text.is_empty() {
        fs::write(&path, text).unwrap();
        chmod(&path, 0o600);
    }
    (folder, path)
}

fn chmod(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn keys(text: &str) -> MasterKeys {
    let (_folder, path) = file(text);
    MasterKeys::load(&path).unwrap()
}

fn line(id: &str, digit: &str) -> String {
    format!("{id}:{}\n", digit.repeat(64))
}

#[test]
fn a_sealed_text_opens_with_the_same_key_and_context() {
    let keys = keys(&line("a", "1"));
    let sealed = keys.seal(b"text", b"context", &entropy());
    assert_eq!(**keys.open(&sealed, b"context").unwrap(), *b"text");
    assert!(!sealed.windows(4).any(|part| part == b"text"));
    let empty = keys.seal(b"", b"", &entropy());
    assert!(keys.open(&empty, b"").unwrap().is_empty());
}

#[test]
fn two_sealings_of_one_text_differ() {
    let (keys, entropy) = (keys(&line("a", "1")), entropy());
    assert_ne!(keys.seal(b"text", b"", &entropy), keys.seal(b"text", b"", &entropy));
}

#[test]
fn a_changed_or_moved_text_does_not_open() {
    let keys = keys(&line("a", "1"));
    let sealed = keys.seal(b"text", b"context", &entropy());
    assert_eq!(keys.open(&sealed, b"contexu"), Err(SealError::Broken));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(keys.open(&changed, b"context").is_err(), "byte {at}");
        assert!(keys.open(&sealed[..at], b"context").is_err(), "the first {at} bytes");
    }
}

#[test]
fn another_key_does_not_open() {
    let sealed = keys(&line("a", "1")).seal(b"text", b"", &entropy());
    assert_eq!(keys(&line("a", "2")).open(&sealed, b""), Err(SealError::Broken));
    let error = keys(&line("b", "1")).open(&sealed, b"").unwrap_err();
    assert_eq!(error, SealError::UnknownKey("a".to_owned()));
}

#[test]
fn after_a_change_of_keys_old_texts_open_and_new_ones_use_the_new_key() {
    let (old, new) = (keys(&line("a", "1")), keys(&(line("a", "1") + &line("b", "2"))));
    let sealed = old.seal(b"text", b"", &entropy());
    assert_eq!(**new.open(&sealed, b"").unwrap(), *b"text");
    let fresh = new.seal(b"text", b"", &entropy());
    assert_eq!(old.open(&fresh, b""), Err(SealError::UnknownKey("b".to_owned())));
    assert_eq!(old.fingerprint("mail", b"x"), new.fingerprint("mail", b"x"));
}

#[test]
fn a_customers_data_opens_with_his_key_alone() {
    let (keys, entropy) = (keys(&line("a", "1")), entropy());
    let (his, hers) = (keys.new_customer_key(&entropy), keys.new_customer_key(&entropy));
    let stored = keys.wrap(&his, b"customer 1", &entropy);
    let sealed = his.seal(b"his@example.com", b"mail", &entropy);
    let again = keys.unwrap(&stored, b"customer 1").unwrap();
    assert_eq!(**again.open(&sealed, b"mail").unwrap(), *b"his@example.com");
    assert_eq!(hers.open(&sealed, b"mail").unwrap_err(), SealError::Broken);
    assert_eq!(his.open(&sealed, b"name").unwrap_err(), SealError::Broken);
    assert_eq!(keys.unwrap(&stored, b"customer 2").unwrap_err(), SealError::Broken);
    assert_eq!(his.open(&stored, b"mail").unwrap_err(), SealError::Broken);
}

#[test]
fn fingerprints_tell_equal_from_unequal_and_keep_domains_apart() {
    let (mine, other) = (keys(&line("a", "1")), keys(&line("a", "2")));
    assert_eq!(mine.fingerprint("mail", b"x"), mine.fingerprint("mail", b"x"));
    let all = [
        mine.fingerprint("mail", b"x"),
        mine.fingerprint("mail", b"y"),
        mine.fingerprint("mai", b"lx"),
        other.fingerprint("mail", b"x"),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one));
    }
}

#[test]
fn hmac_is_that_of_rfc_4231() {
    // Test case 2's text under a key of 32 bytes, computed with OpenSSL.
    let key = Key(Zeroizing::new([0x0b; 32]));
    let mac = key.hmac(&[b"what do ya want ", b"for nothing?"]);
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "c3f2649c34ea24e4d62a2c7e868bbea0233c9d4c2cc300794db76aa18d6822d8");
}

#[test]
fn secrets_show_themselves_to_nobody() {
    let keys = keys(&line("a", "1"));
    let shown = format!("{keys:?} {:?}", keys.new_customer_key(&entropy()));
    assert_eq!(shown, "MasterKeys[\"a\"] CustomerKey(…)");
}

#[test]
fn the_first_start_makes_a_file_for_its_owner_alone_and_the_next_one_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = file("");
    let made = MasterKeys::load_or_make(&path, &entropy()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let sealed = made.seal(b"text", b"", &entropy());
    let other = Counting(AtomicU8::new(99));
    let read = MasterKeys::load_or_make(&path, &other).unwrap();
    assert_eq!(**read.open(&sealed, b"").unwrap(), *b"text");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let (_folder, path) = file(&line("a", "1"));
    chmod(&path, 0o640);
    let error = MasterKeys::load(&path).unwrap_err().to_string();
    assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
}

#[test]
fn a_wrong_line_is_named_and_never_shown() {
    let good = line("a", "1");
    let secret = "f".repeat(63);
    for bad in [format!("b:{secret}"), format!("b {secret}f"), format!(":{secret}f"), good.clone()]
    {
        let (_folder, path) = file(&format!("# keys\n{good}{bad}\n"));
        let error = MasterKeys::load(&path).unwrap_err().to_string();
        assert!(error.contains("line 3") && !error.contains("fff"), "{error}");
    }
    let (_folder, path) = file("# nothing\n");
    assert!(matches!(MasterKeys::load(&path), Err(KeyFileError::Empty { .. })));
}
