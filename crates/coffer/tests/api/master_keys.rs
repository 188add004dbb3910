//! The key file and the database it belongs to.

use std::fs;

use coffer::system::SystemEntropy;
use coffer_store::{master_key::MasterKeyError, seal::MasterKeys};

use crate::{on_both, support::World};

on_both! {
    async fn a_lost_or_mistaken_key_file_is_refused_and_none_is_made(world: &World) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("coffer.key");
        let open = async || world.store.master_keys(&path, &SystemEntropy).await;
        let first = open().await.unwrap();
        let sealed = first.seal(b"text", b"", &SystemEntropy);
        assert_eq!(**open().await.unwrap().open(&sealed, b"").unwrap(), *b"text");

        let kept = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let missing = open().await.err().unwrap();
        assert!(matches!(missing, MasterKeyError::Missing { .. }), "{missing}");
        assert!(missing.to_string().contains("sealed with key-1"), "{missing}");
        assert!(!path.exists(), "another file would hide the loss");

        MasterKeys::load_or_make(&path, &SystemEntropy).unwrap();
        let other = open().await.err().unwrap();
        assert!(matches!(other, MasterKeyError::Other { .. }), "{other}");

        let second = format!("{kept}key-2:{}\n", "5".repeat(64));
        fs::write(&path, &second).unwrap();
        open().await.unwrap();
        fs::write(&path, &kept).unwrap();
        let lost = open().await.err().unwrap();
        assert!(lost.to_string().contains("does not hold the key key-2"), "{lost}");
        fs::write(&path, &second).unwrap();
        open().await.unwrap();
    }
}
