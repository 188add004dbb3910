//! Told to stop in the middle of work.

use std::net::SocketAddr;

use coffer_wire::signature::{KEY_HEADER, SIGNATURE_HEADER};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};

use super::order;
use crate::{
    on_both,
    support::{Database, Installation, Manner, Outcome, Sink, ask_all, list_all, soon, until},
};

const ORDERS: usize = 3_000;
const CONNECTIONS: usize = 16;
/// Answers after which the server is told to stop.
const ENOUGH: usize = 200;

on_both! {
    async fn told_to_stop_it_answers_what_is_under_way_and_ends_well(database: Database) {
        let installation = Installation::on(database).await;
        let sink = Sink::open().await;
        let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
        sink.trust(&keys);
        let server = installation.serve().await;
        // One request is under way for certain: its handler has asked for the body.
        let late = order(&keys, "late", true);
        let mut stream = begin(server.address, &late).await;

        let asks = (0..ORDERS).map(|n| order(&keys, &format!("order{n}"), n % 2 == 1)).collect();
        let (answered, mut watched) = watch::channel(0);
        let sending = ask_all(server.address, CONNECTIONS, asks, &answered);
        let stopping = async {
            drop(soon("an answer", watched.wait_for(|count| *count >= ENOUGH)).await.unwrap());
            server.terminate().await;
        };
        let (outcomes, ()) = tokio::join!(sending, stopping);
        until("the end of listening", || async {
            TcpStream::connect(server.address).await.is_err().then_some(())
        })
        .await;
        stream.write_all(&late.body).await.unwrap();
        let mut answer = Vec::new();
        soon("the answer under way", stream.read_to_end(&mut answer)).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("\"foreign_id\":\"late\""), "{answer}");
        let (status, printed) = server.ended().await;
        assert!(status.success(), "it ended with {status}:\n{printed}");

        // Whatever it stored it also answered.
        let mut acknowledged = vec!["late".to_owned()];
        for outcome in outcomes {
            if let Outcome::Answered(answer) = outcome {
                acknowledged.push(answer.data()["foreign_id"].as_str().unwrap().to_owned());
            }
        }
        let server = installation.serve().await;
        let stored = list_all(server.address, &keys).await;
        let mut stored: Vec<String> =
            stored.iter().map(|it| it["foreign_id"].as_str().unwrap().to_owned()).collect();
        stored.sort();
        acknowledged.sort();
        assert!(acknowledged.len() < ORDERS, "it was to stop in the middle");
        assert_eq!(stored, acknowledged);
        server.stop().await;
        installation.remove().await;
    }
}

/// Sends the head of a request, and waits until the server asks for the body.
async fn begin(address: SocketAddr, ask: &crate::support::Ask) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let header = |name| {
        let found = ask.headers.iter().find(|(known, _)| *known == name);
        format!("{name}: {}\r\n", found.unwrap().1)
    };
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n{}{}{}\r\n",
        ask.target,
        ask.body.len(),
        header(KEY_HEADER),
        header(SIGNATURE_HEADER),
        header("content-type"),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let expected = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut go_on = vec![0; expected.len()];
    soon("100 Continue", stream.read_exact(&mut go_on)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&go_on), String::from_utf8_lossy(expected));
    stream
}
