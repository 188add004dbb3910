use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_listed_domain_stands_for_itself_and_everything_below_it() {
    let (_folder, path) =
        file("# bad\n\nevil.example # a shop\n*.worse.example\nDEEP.Sub.Example.\n");
    let list = BlocklistFile::open(&path).unwrap();
    for host in ["evil.example", "a.b.evil.example", "worse.example", "x.worse.example"] {
        assert!(matches!(list.screen(&url(host)).await, Screening::Listed(_)), "{host}");
    }
    assert!(matches!(list.screen(&url("deep.sub.example.")).await, Screening::Listed(_)));
    for host in ["example", "notevil.example", "sub.example", "evil.example.org"] {
        assert_eq!(list.screen(&url(host)).await, Screening::Clean, "{host}");
    }
    let Screening::Listed(reason) = list.screen(&url("a.evil.example")).await else { panic!() };
    assert_eq!(reason, "evil.example is on the blocklist of this installation");
}

#[tokio::test]
async fn a_domain_in_unicode_matches_its_ascii_form() {
    let (_folder, path) = file("Bücher.example\n");
    let list = BlocklistFile::open(&path).unwrap();
    let screening = list.screen(&url("shop.xn--bcher-kva.example")).await;
    assert!(matches!(screening, Screening::Listed(_)));
}

#[tokio::test]
async fn a_changed_file_is_read_again() {
    let (_folder, path) = file("one.example\n");
    let list = BlocklistFile::open(&path).unwrap();
    rewrite(&path, "two.example\n", 1);
    assert_eq!(list.screen(&url("one.example")).await, Screening::Clean);
    assert!(matches!(list.screen(&url("two.example")).await, Screening::Listed(_)));
}

#[tokio::test]
async fn a_file_that_breaks_later_leaves_the_old_list_in_force() {
    let (_folder, path) = file("one.example\n");
    let list = BlocklistFile::open(&path).unwrap();
    rewrite(&path, "not a domain\n", 1);
    assert!(matches!(list.screen(&url("one.example")).await, Screening::Listed(_)));
    fs::remove_file(&path).unwrap();
    assert!(matches!(list.screen(&url("one.example")).await, Screening::Listed(_)));
    rewrite(&path, "two.example\n", 2);
    assert_eq!(list.screen(&url("one.example")).await, Screening::Clean);
}

#[test]
fn a_missing_file_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let refused = BlocklistFile::open(&folder.path().join("none")).err().unwrap();
    assert!(matches!(refused, BlocklistRefused::Unreadable { .. }), "{refused}");
}

#[test]
fn a_line_that_is_no_domain_is_named() {
    for line in ["10.0.0.1", "http://evil.example/", "two words", "[::1]", "*", "*.", "."] {
        let (_folder, path) = file(&format!("good.example\n{line}\n"));
        let refused = BlocklistFile::open(&path).err();
        assert!(matches!(refused, Some(BlocklistRefused::NotADomain { line: 2, .. })), "{line}");
    }
}

fn url(host: &str) -> MerchantUrl {
    MerchantUrl { text: format!("https://{host}/"), host: host.to_owned() }
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blocklist");
    rewrite(&path, text, 0);
    (folder, path)
}

/// Writes the file and dates it, so that no test waits for the file system's clock to tick.
fn rewrite(path: &Path, text: &str, version: u64) {
    fs::write(path, text).unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + version);
    fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}
