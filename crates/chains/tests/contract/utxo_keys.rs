//! Keys and descriptors, checked against what real nodes derive from them.

use coffer_domain::ports::Chain;
use serde_json::json;

use crate::{
    bitcoin::{Daemon, Program},
    utxo_world::{TEST_KEY, chain, network},
};

/// The account of BIP 84's test vectors, spelled for test networks.
const ONE: &str = "tpubDCxX2sYFS5bDkSe5GKKYHjBW7tgyN1R3UchpLJvdbf54ohxeGRtd8MbDUe1cguVHe4vnK68Dsu\
                   D5MXjxi9EXx16rb9EnNsaF5KT99CinaJz";

/// Ranges of both nodes' `deriveaddresses`, and what the adapter makes of the same words.
async fn same_as_the_node(daemon: &Daemon, program: Program, descriptors: &[String]) {
    let chain = chain(program, daemon);
    for descriptor in descriptors {
        let info = daemon.rpc("getdescriptorinfo", json!([descriptor])).await;
        let checked = format!("{descriptor}#{}", info["checksum"].as_str().unwrap());
        let derived = daemon.rpc("deriveaddresses", json!([checked, [0, 4]])).await;
        for (expected, index) in derived.as_array().unwrap().iter().zip(0..) {
            for text in [descriptor, &checked] {
                let address = chain.derive(network(), text, index).unwrap();
                assert_eq!(address.text, expected.as_str().unwrap(), "{descriptor} {index}");
                assert_eq!(chain.parse_address(network(), &address.text), Ok(address));
            }
        }
    }
}

/// Two more keys of the node's own making.
async fn more_keys(daemon: &Daemon) -> [String; 2] {
    daemon.rpc("createwallet", json!(["other"])).await;
    let listed = daemon.rpc("listdescriptors", json!([])).await;
    let keys = listed["descriptors"].as_array().unwrap().iter().filter_map(|row| {
        let text = row["desc"].as_str().unwrap();
        let key = text.split_once(']')?.1.split_once('/')?.0;
        Some(key.to_owned())
    });
    let mut keys = keys.collect::<Vec<_>>();
    keys.sort();
    keys.dedup();
    [keys.remove(0), keys.remove(0)]
}

#[tokio::test]
async fn descriptors_derive_what_a_bitcoin_node_derives() {
    let daemon = Daemon::empty(Program::Bitcoin, &[]).await;
    let [two, three] = more_keys(&daemon).await;
    let mut descriptors = ["pkh(K/0/*)", "wpkh(K/0/*)", "sh(wpkh(K/0/*))", "tr(K/0/*)"]
        .map(|form| form.replace('K', ONE))
        .to_vec();
    for form in [
        "wsh(sortedmulti(2,A/0/*,B/0/*,C/0/*))",
        "sh(wsh(sortedmulti(2,A/0/*,B/0/*)))",
        "sh(sortedmulti(1,A/0/*,C/0/*))",
        "wsh(multi(2,A/0/*,B/1/2/*,C/*))",
        "wsh(or_d(pk(A/0/*),and_v(v:pkh(B/0/*),older(144))))",
        "tr(A/0/*,{pk(B/0/*),pk(C/0/*)})",
    ] {
        let form = form.replace("A/", "@1/").replace("B/", "@2/").replace("C/", "@3/");
        let form = form.replace("@1", ONE).replace("@2", &two).replace("@3", &three);
        descriptors.push(form);
    }
    same_as_the_node(&daemon, Program::Bitcoin, &descriptors).await;
}

#[tokio::test]
async fn descriptors_derive_what_a_litecoin_node_derives() {
    let daemon = Daemon::empty(Program::Litecoin, &[]).await;
    let forms = ["pkh(K/0/*)", "wpkh(K/0/*)", "sh(wpkh(K/0/*))", "wsh(multi(1,K/0/*,K/1/*))"];
    let descriptors = forms.map(|form| form.replace('K', ONE));
    same_as_the_node(&daemon, Program::Litecoin, &descriptors).await;
    let chain = chain(Program::Litecoin, &daemon);
    let by_key = chain.derive(network(), TEST_KEY, 3).unwrap();
    assert_eq!(by_key, chain.derive(network(), &descriptors[1], 3).unwrap());
}
