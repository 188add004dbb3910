//! The signature vectors of spec 2.2, through HTTP.

use coffer_domain::merchant::{Environment, Scope};

use crate::support::{Ask, World};

/// Body and signature by the secret `AbCdEfG123456`.
const VECTORS: [(&str, &str); 5] = [
    (
        r#"{"currency":"BTC","foreign_id":"123456"}"#,
        "03c25fcf7cd35e7d995e402cd5d51edd72d48e1471e865907967809a0c189ba5\
         5b90815f20e2bb10f82c7a9e9d865546fda58989c2ae9e8e2ff7bc29195fa1ec",
    ),
    (
        "{}",
        "89ff570683bfcd9e2c8911332e07e3ff196ca50f91faef98126fb0eb76df90d7\
         ccddc4372a99ba67ec072fd3aac5d0b7eac44652e2b29ce36dbcf5ee50b6fa05",
    ),
    (
        "[]",
        "2da807ab86f47091ca3f7f45aba4c2bd3072fff6f2ef4f88c1ebece372be14ff\
         9800d1e8ffca4b2733f837bcb2ee8dfb23f56c09e4dc7a0143127820bcba88a8",
    ),
    (
        "null",
        "159aafc08d52f80b346100a25d8473217c2b0f18f060ff4a1ade2e33a6c7f3c7\
         c79867e8147b8c9b3593fdd5d426c191cd4e34aa27e0c331e11cdbb724c0c520",
    ),
    (
        "",
        "0104da715ed5bb364eba7167a71316e194f5ca21629884dca6c368cfd411d2b8\
         404d0cccf928a76ef5b8d170eae711d9a9ef4d9c74cd23693869c96fd64c335f",
    ),
];

#[tokio::test]
async fn the_documented_signatures_are_taken_and_no_others() {
    let world = World::sqlite().await;
    let scope = Scope { merchant: world.merchant.id, environment: Environment::Sandbox };
    let keys = world.add_key(scope, "AbCdEfG123456").await;
    for (body, signature) in VECTORS {
        let ask = |signature: &str| {
            let ask = Ask::post("/api/v2/currencies/list", body).signed(&keys);
            ask.header("x-processing-signature", signature)
        };
        // The empty body is signed rightly, and then is no JSON.
        let taken = if body.is_empty() { 400 } else { 200 };
        assert_eq!(ask(signature).of(&world).await.status, taken, "{body}");
        let last = if signature.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{last}", &signature[..127]);
        for wrong in [&changed, &signature[..126], &format!("{signature}00")] {
            assert_eq!(ask(wrong).of(&world).await.status, 403, "{body} {wrong}");
        }
    }
}
