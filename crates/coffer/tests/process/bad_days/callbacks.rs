//! Endpoints that hang, send on, flood, or stand where they may not.

use std::time::Duration;

use super::{answers, id, order};
use crate::support::{Database, Installation, Manner, Sink, ask_once};

/// More callbacks than are ever under way at once.
const MANY: usize = 300;
/// Most bytes of an answer that leave the endpoint until it is cut off: what is read of it, and
/// what the two ends of a connection hold.
const FLOOD_MAX: u64 = 32 * 1024 * 1024;
/// In which a callback must come while other endpoints hang; they are given up after 10 s.
const PROMPT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_that_hang_send_on_or_flood_delay_nobody_else() {
    let installation = Installation::on(Database::Sqlite).await;
    let sink = Sink::open().await;
    let mut merchants = Vec::new();
    for (name, manner) in [
        ("Hanging shop", Manner::Hang),
        ("Sending-on shop", Manner::Redirect),
        ("Flooding shop", Manner::Flood),
        ("Good shop", Manner::Take),
    ] {
        let keys = installation.add_merchant(name, &sink.url(manner)).await;
        sink.trust(&keys);
        merchants.push(keys);
    }
    let [hanging, sending_on, flooding, good] = &merchants[..] else { unreachable!() };
    let server = installation.serve().await;
    let asks = (0..MANY).map(|number| order(hanging, &format!("hanging{number}"), true));
    for answer in answers(server.address, asks.collect()).await {
        answer.data();
    }
    let sent_on = id(&ask_once(server.address, &order(sending_on, "sent-on", true)).await);
    ask_once(server.address, &order(flooding, "flooded", true)).await.data();
    sink.until("an attempt at each bad endpoint", |taken| {
        [Manner::Hang, Manner::Redirect, Manner::Flood]
            .iter()
            .all(|manner| taken.iter().any(|callback| callback.manner == *manner))
    })
    .await;
    for number in 0..3 {
        let told = id(&ask_once(server.address, &order(good, &format!("{number}"), true)).await);
        let prompt = sink.until("the good shop's callback", move |taken| {
            taken.iter().any(|c| c.manner == Manner::Take && c.request == told)
        });
        let came = tokio::time::timeout(PROMPT, prompt).await;
        assert!(came.is_ok(), "callback {number} of the good shop was delayed");
    }
    let flooded = sink.flood_ended().await;
    assert!(flooded < FLOOD_MAX, "{flooded} bytes of an answer were read");
    let followed = sink.taken().iter().any(|c| c.manner == Manner::Take && c.request == sent_on);
    assert!(!followed, "a redirect was followed");
    server.stop().await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_in_a_private_network_is_not_spoken_to_unless_that_is_allowed() {
    let mut installation = Installation::on(Database::Sqlite).await;
    let sink = Sink::open().await;
    let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
    sink.trust(&keys);
    installation.set("COFFER_CALLBACKS__ALLOW_PRIVATE_NETWORKS", "false");
    let server = installation.serve().await;
    let request = id(&ask_once(server.address, &order(&keys, "order", true)).await);
    // The attempt is made before the server, told to stop, has ended.
    let callbacks = crate::support::until("the refused attempt", || async {
        let list =
            installation.run_json(&["callback", "list", "--request", &request, "--json"]).await;
        let text = list.to_string();
        text.contains("not sent").then_some(text)
    })
    .await;
    assert!(sink.taken().is_empty(), "it was spoken to; {callbacks}");
    server.stop().await;
    assert!(sink.taken().is_empty(), "it was spoken to");
    installation.remove().await;
}
