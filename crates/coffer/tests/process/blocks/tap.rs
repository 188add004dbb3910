//! A tap before a node: passes everything on, and counts the blocks that are asked for.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What a call for a block has in its body.
const CALL: &[u8] = b"\"getblock\"";

/// The tap.
pub struct Tap {
    /// Where it listens, as `127.0.0.1:port`.
    pub address: String,
    /// How many blocks were asked for.
    pub blocks: watch::Receiver<usize>,
    keeper: JoinHandle<()>,
}

impl Tap {
    pub async fn before(node: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (count, blocks) = watch::channel(0);
        let keeper = tokio::spawn(async move {
            loop {
                let (caller, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(caller, node.clone(), count.clone()));
            }
        });
        Self { address, blocks, keeper }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Whatever breaks a connection here, its ends notice.
async fn pass(caller: TcpStream, node: String, count: watch::Sender<usize>) {
    let Ok(node) = TcpStream::connect(node).await else { return };
    let (mut from_caller, mut to_caller) = caller.into_split();
    let (mut from_node, mut to_node) = node.into_split();
    let there = async {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_caller.read(&mut piece).await {
            let calls = piece[..length].windows(CALL.len()).filter(|part| *part == CALL).count();
            count.send_modify(|count| *count += calls);
            if to_node.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    };
    let back = copy(&mut from_node, &mut to_caller);
    tokio::select! {
        () = there => {}
        _ = back => {}
    }
}
