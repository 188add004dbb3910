//! A gate in front of a node: shut, it breaks every connection and lets no new one through, as a
//! node that was stopped.

use std::sync::Arc;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// The gate; open at first.
pub struct Gate {
    /// Where it listens, as `127.0.0.1:port`.
    pub address: String,
    open: Arc<watch::Sender<bool>>,
    keeper: JoinHandle<()>,
}

impl Gate {
    pub async fn before(node: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let open = Arc::new(watch::Sender::new(true));
        let keeper = tokio::spawn(keep(listener, node, Arc::clone(&open)));
        Self { address, open, keeper }
    }

    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep(listener: TcpListener, node: String, open: Arc<watch::Sender<bool>>) {
    loop {
        let (caller, _) = listener.accept().await.unwrap();
        let (node, mut state) = (node.clone(), open.subscribe());
        tokio::spawn(async move {
            if *state.borrow_and_update() {
                tokio::select! {
                    () = connect(caller, &node) => {}
                    _ = state.wait_for(|open| !open) => {}
                }
            }
        });
    }
}

/// Whatever breaks a connection here, its ends notice.
async fn connect(mut caller: TcpStream, node: &str) {
    if let Ok(mut node) = TcpStream::connect(node).await {
        let _ = copy_bidirectional(&mut caller, &mut node).await;
    }
}
