//! The operator's mailbox and endpoints, and a network whose endpoints do as they are told.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use coffer_domain::{
    callback::DeliveryOutcome,
    code::NetworkName,
    mail::{Mail, MailOutcome},
    money::{AssetId, Units},
    ports::{
        AlarmHook, Block, Chain, ChainError, ChainProbe, EndpointReport, Heartbeat, KeyRefused,
        Mailer, Pending, Tip, Watched,
    },
    time::Timestamp,
    transfer::{Address, BlockRef},
};
use coffer_engine::alarms::Channels;
use serde_json::Value;
use tokio::sync::Notify;

/// A network of the catalogue that is real money.
pub const POLYGON: NetworkName = NetworkName::constant("polygon");

/// Whoever runs this Coffer.
#[derive(Default)]
pub struct Operator {
    mails: Mutex<Vec<Mail>>,
    posts: Mutex<Vec<Value>>,
    beats: Mutex<u32>,
    /// What the mail server says instead of taking a mail.
    pub mail_answer: Mutex<Option<MailOutcome>>,
    /// What the mail server waits for before it says anything.
    pub mail_gate: Mutex<Option<Arc<Notify>>>,
    /// What the heartbeat's service says instead of taking it.
    pub beat_answer: Mutex<Option<String>>,
}

impl Operator {
    pub fn channels(self: &Arc<Self>) -> Channels {
        Channels {
            mailer: Some(self.clone()),
            mail_to: vec!["ops@example.com".to_owned()],
            hook: Some(self.clone()),
            heartbeat: Some(self.clone()),
        }
    }

    /// The subjects of the mails since the last call.
    pub fn subjects(&self) -> Vec<String> {
        let mails = std::mem::take(&mut *self.mails.lock().unwrap());
        mails.into_iter().map(|mail| mail.subject).collect()
    }

    /// The texts of the mails since the last call.
    pub fn texts(&self) -> Vec<String> {
        let mails = std::mem::take(&mut *self.mails.lock().unwrap());
        mails.into_iter().map(|mail| mail.text).collect()
    }

    /// What was posted since the last call: the event and the alarm's name.
    pub fn posted(&self) -> Vec<(String, String)> {
        let posts = std::mem::take(&mut *self.posts.lock().unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        posts.iter().map(|post| (text(&post["event"]), text(&post["name"]))).collect()
    }

    pub fn beats(&self) -> u32 {
        *self.beats.lock().unwrap()
    }
}

#[async_trait]
impl Mailer for Operator {
    async fn send(&self, mail: &Mail) -> MailOutcome {
        let gate = self.mail_gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        self.mails.lock().unwrap().push(mail.clone());
        self.mail_answer.lock().unwrap().clone().unwrap_or(MailOutcome::Delivered)
    }
}

#[async_trait]
impl AlarmHook for Operator {
    async fn post(&self, _: &str, body: &[u8], _: Timestamp) -> DeliveryOutcome {
        self.posts.lock().unwrap().push(serde_json::from_slice(body).unwrap());
        DeliveryOutcome::Answered { status: 200, body: String::new() }
    }
}

#[async_trait]
impl Heartbeat for Operator {
    async fn beat(&self) -> Result<(), String> {
        *self.beats.lock().unwrap() += 1;
        self.beat_answer.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

/// The sandbox's chain under the name of a real network, with endpoints that fail when told to.
pub struct Elsewhere {
    inner: Arc<dyn Chain>,
    /// What every question is answered with.
    pub trouble: Mutex<Option<ChainError>>,
    /// How each endpoint says it is.
    pub endpoints: Mutex<Vec<Result<(), ChainError>>>,
    /// What each calls final.
    pub finalized: Mutex<Vec<u64>>,
    /// Whether its tip is told to be far higher than it is.
    unsettled: AtomicBool,
    /// Whether nothing is told of what is pending.
    blocks_alone: AtomicBool,
}

impl Elsewhere {
    pub fn over(inner: Arc<dyn Chain>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            trouble: Mutex::default(),
            endpoints: Mutex::default(),
            finalized: Mutex::default(),
            unsettled: AtomicBool::default(),
            blocks_alone: AtomicBool::default(),
        })
    }

    pub fn unsettle(&self, unsettled: bool) {
        self.unsettled.store(unsettled, Ordering::SeqCst);
    }

    pub fn tell_blocks_alone(&self, alone: bool) {
        self.blocks_alone.store(alone, Ordering::SeqCst);
    }

    pub fn is(&self, trouble: Option<ChainError>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    fn ask(&self) -> Result<(), ChainError> {
        self.trouble.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

pub fn unreachable() -> ChainError {
    ChainError::Unreachable { network: POLYGON, reason: "no connection".to_owned() }
}

pub fn disagreement() -> ChainError {
    let reason = "0xaa by the first, 0xbb by the second".to_owned();
    ChainError::EndpointsDisagree { network: POLYGON, height: 7, reason }
}

#[async_trait]
impl Chain for Elsewhere {
    fn name(&self) -> NetworkName {
        POLYGON
    }

    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        self.ask()?;
        self.inner.probe().await
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        self.ask()?;
        let mut tip = self.inner.tip().await?;
        if self.unsettled.load(Ordering::SeqCst) {
            tip.at.height += 1_000;
        }
        Ok(tip)
    }

    async fn block(&self, height: u64, _: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        self.ask()?;
        // Nobody pays here.
        self.inner.block(height, &|_: &[u8]| false).await
    }

    async fn endpoints(&self) -> Vec<EndpointReport> {
        let states = self.endpoints.lock().unwrap().clone();
        let finalized = self.finalized.lock().unwrap().clone();
        let tip = |number: usize, state: Result<(), ChainError>| {
            let final_height = finalized.get(number - 1).copied();
            let at = BlockRef { height: 7, hash: "0xaa".to_owned() };
            let time = Timestamp::from_seconds(1);
            state.map(|()| Tip { at, time, final_height, safe_height: None, live: true })
        };
        let report = |(number, state): (usize, Result<(), ChainError>)| EndpointReport {
            number,
            label: format!("node{number}.example:8545"),
            tip: tip(number, state),
            capabilities: Vec::new(),
            kept_from: None,
            calls_last_minute: 0,
        };
        (1..).zip(states).map(report).collect()
    }

    async fn pending(&self, _: &Watched<'_>) -> Result<Pending, ChainError> {
        self.ask()?;
        if self.blocks_alone.load(Ordering::SeqCst) {
            return Err(ChainError::PendingUnseen { network: POLYGON });
        }
        Ok(Pending::default())
    }

    fn derive(&self, network: NetworkName, key: &str, index: u32) -> Result<Address, KeyRefused> {
        self.inner.derive(network, key, index)
    }

    fn parse_address(&self, network: NetworkName, text: &str) -> Result<Address, KeyRefused> {
        self.inner.parse_address(network, text)
    }

    fn payment_link(&self, asset: AssetId, address: &str, units: Units) -> Option<String> {
        self.inner.payment_link(asset, address, units)
    }
}
