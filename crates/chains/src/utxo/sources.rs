//! Several endpoints of one network: the first that is in step answers, the next takes over, and
//! what pays us is named by a second one.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use coffer_domain::{
    code::NetworkName,
    ports::{Block, Clock, Tip, Watched},
    time::{Span, Timestamp},
};
use futures_util::future::{BoxFuture, join_all};

use super::{
    block::Reading,
    esplora::Esplora,
    fault::{Failure, Fault},
    node::Node,
};
use crate::{complaints::Complaints, http::Http, label::Label};

/// How long an endpoint that did not answer is left alone while another answers.
const REST: Span = Span::from_seconds(15);
/// For so long endpoints may differ about whether there is a block.
const SETTLING: Span = Span::from_seconds(60);
/// Blocks by which an endpoint may lag behind another and still be asked first.
const LAG_BLOCKS_MAX: u64 = 1;

/// What stands at an endpoint.
pub(super) enum Kind {
    /// A node.
    Node(Node),
    /// An Esplora server.
    Esplora(Esplora),
}

/// An endpoint.
pub(super) struct Source {
    pub(super) kind: Kind,
    identified: AtomicBool,
    /// When it last did not answer as it should, and whether it gave no answer of its chain at all.
    failed: Mutex<Option<(Timestamp, bool)>>,
    complaints: Complaints,
}

impl Source {
    pub(super) fn new(kind: Kind) -> Self {
        let (identified, failed) = (AtomicBool::new(false), Mutex::new(None));
        Self { kind, identified, failed, complaints: Complaints::default() }
    }

    /// What log lines and errors call it: number, domain and port, no secrets.
    pub(super) const fn label(&self) -> &Label {
        &self.http().label
    }

    /// The node, where it is one.
    pub(super) const fn node(&self) -> Option<&Node> {
        match &self.kind {
            Kind::Node(node) => Some(node),
            Kind::Esplora(_) => None,
        }
    }

    /// The calls to it.
    pub(super) const fn http(&self) -> &Http {
        match &self.kind {
            Kind::Node(node) => &node.rpc.http,
            Kind::Esplora(esplora) => &esplora.http,
        }
    }

    pub(super) async fn tip(&self) -> Result<Tip, Fault> {
        match &self.kind {
            Kind::Node(node) => node.tip().await,
            Kind::Esplora(esplora) => esplora.tip().await,
        }
    }

    /// The hash of its block at a height.
    pub(super) async fn hash_at(&self, height: u64) -> Result<String, Fault> {
        match &self.kind {
            Kind::Node(node) => node.hash_at(height).await,
            Kind::Esplora(esplora) => esplora.hash_at(height).await,
        }
    }

    /// The block of its best chain at that height. When it is replaced while it is read, it is read
    /// once more.
    pub(super) async fn block(
        &self,
        height: u64,
        reading: Reading,
        watched: &Watched<'_>,
    ) -> Result<Block, Fault> {
        let told = match self.block_once(height, reading, watched).await {
            Err(Fault::Moved(_)) => self.block_once(height, reading, watched).await,
            other => other,
        };
        if told.is_ok() {
            self.http().counters.block();
        }
        told
    }

    async fn block_once(
        &self,
        height: u64,
        reading: Reading,
        watched: &Watched<'_>,
    ) -> Result<Block, Fault> {
        match &self.kind {
            Kind::Node(node) => node.block(height, reading, watched).await,
            Kind::Esplora(esplora) => esplora.block(height, reading, watched).await,
        }
    }

    /// Checks with which block its chain begins, unless that was done since it was last in doubt.
    pub(super) async fn identify(&self, genesis: &str) -> Result<(), Fault> {
        if self.identified.load(Ordering::Relaxed) {
            return Ok(());
        }
        let found = self.hash_at(0).await?;
        if found != genesis {
            return Err(Fault::OtherChain {
                expected: format!("genesis {genesis}"),
                found: format!("genesis {found}"),
            });
        }
        self.identified.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Asks for proof of identity again before the next question.
    pub(super) fn doubt(&self) {
        self.identified.store(false, Ordering::Relaxed);
    }

    fn note(&self, failed: Option<(Timestamp, bool)>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// When it failed and how, where that is not long ago.
    fn failed_lately(&self, now: Timestamp) -> Option<(Timestamp, bool)> {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.filter(|(at, _)| (Span::ZERO..REST).contains(&now.since(*at)))
    }

    /// Whether it leads only where no other does.
    fn rests(&self, now: Timestamp) -> bool {
        self.failed_lately(now).is_some()
    }

    /// Whether it is not even asked to contradict another.
    fn is_silent(&self, now: Timestamp) -> bool {
        self.failed_lately(now).is_some_and(|(_, silent)| silent)
    }
}

/// What came of asking the others.
pub(super) enum Confirmed {
    /// The block may be believed.
    Yes,
    /// Another one has no such block, and may have it in a moment.
    NotYet,
}

/// The endpoints of one network.
pub(super) struct Sources {
    pub(super) network: NetworkName,
    pub(super) genesis: &'static str,
    /// Nodes first, each kind in the order of the settings.
    pub(super) all: Vec<Source>,
    /// The one that is asked first: the first that was in step when the tip was last asked for.
    leader: AtomicUsize,
    /// The hash of the block that an endpoint lacked last, and since when.
    lacking: Mutex<Option<(String, Timestamp)>>,
    clock: Arc<dyn Clock>,
}

impl Sources {
    /// Endpoints in order of preference; at least one.
    pub(super) const fn new(
        network: NetworkName,
        genesis: &'static str,
        all: Vec<Source>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let leader = AtomicUsize::new(0);
        Self { network, genesis, all, leader, lacking: Mutex::new(None), clock }
    }

    /// Puts a question to one endpoint after the other until one answers it. All calls of one
    /// question go to the same endpoint, so that its answer is about one view of the chain.
    pub(super) async fn ask<'s, T>(
        &'s self,
        question: impl Fn(&'s Source) -> BoxFuture<'s, Result<T, Fault>> + Sync,
    ) -> Result<(usize, T), Failure> {
        let mut faults = Vec::new();
        for number in self.order() {
            match self.put(number, &question).await {
                Ok(answer) => return Ok((number, answer)),
                Err(fault) => faults.push((self.all[number].label().to_string(), fault)),
            }
        }
        Err(Failure(faults))
    }

    /// The tip of the endpoint that leads from now on: the first that is in step and lags behind no
    /// other. Servers that are not ours are asked only where no node is in step.
    pub(super) async fn tip(&self, live: impl Fn(&Tip) -> bool + Sync) -> Result<Tip, Failure> {
        let now = self.clock.now();
        let rested = |number: &usize| !self.all[*number].rests(now);
        let nodes = (0..self.all.len()).filter(|number| self.all[*number].node().is_some());
        let (mut tips, mut faults) = self.tips(nodes.clone().filter(rested), &live).await;
        if !tips.iter().any(|(_, tip)| tip.live) {
            let rest = (0..self.all.len()).filter(|number| {
                self.all[*number].node().is_none() || self.all[*number].rests(now)
            });
            let asked = faults.iter().map(|(number, _)| *number).collect::<Vec<_>>();
            let rest = rest.filter(|number| !asked.contains(number));
            let (more, worse) = self.tips(rest, &live).await;
            tips.extend(more);
            faults.extend(worse);
        }
        let best = tips.iter().filter(|(_, tip)| tip.live).map(|(_, tip)| tip.at.height).max();
        let leads = |tip: &Tip| match best {
            Some(best) => tip.live && best.saturating_sub(tip.at.height) <= LAG_BLOCKS_MAX,
            None => true,
        };
        tips.sort_by_key(|(number, _)| *number);
        match tips.into_iter().find(|(_, tip)| leads(tip)) {
            Some((number, tip)) => {
                self.leader.store(number, Ordering::Relaxed);
                Ok(tip)
            }
            None => {
                let named =
                    |(number, fault): (usize, Fault)| (self.all[number].label().to_string(), fault);
                Err(Failure(faults.into_iter().map(named).collect()))
            }
        }
    }

    async fn tips(
        &self,
        numbers: impl Iterator<Item = usize>,
        live: &(impl Fn(&Tip) -> bool + Sync),
    ) -> (Vec<(usize, Tip)>, Vec<(usize, Fault)>) {
        let asked = numbers.map(|number| async move { (number, self.put(number, &ask_tip).await) });
        let (mut tips, mut faults) = (Vec::new(), Vec::new());
        for (number, answer) in join_all(asked).await {
            match answer {
                Ok(tip) => tips.push((number, Tip { live: tip.live && live(&tip), ..tip })),
                Err(fault) => faults.push((number, fault)),
            }
        }
        (tips, faults)
    }

    /// Fails where a block that pays us is not the one that a second endpoint names, or where a
    /// second one that is in step goes on lacking it. Without a second answer it is believed,
    /// unless one is needed.
    pub(super) async fn confirm(
        &self,
        teller: usize,
        block: &Block,
        needed: bool,
        live: impl Fn(&Tip) -> bool + Sync,
    ) -> Result<Confirmed, Failure> {
        let height = block.at.height;
        let (mut silent, mut absent) = (Vec::new(), Vec::new());
        let now = self.clock.now();
        for number in (0..self.all.len()).filter(|number| *number != teller) {
            let second = &self.all[number];
            if second.is_silent(now) && !needed {
                continue;
            }
            let told = self.put(number, &|source| Box::pin(source.hash_at(height))).await;
            match told {
                Ok(hash) if hash == block.at.hash => return Ok(Confirmed::Yes),
                Ok(hash) => {
                    let said = format!("names {hash}, another named {}", block.at.hash);
                    return Err(self.disputed(number, said));
                }
                Err(Fault::Absent) => absent.push(number),
                Err(fault) => silent.push(format!("{}: {}", second.label(), fault.reason())),
            }
        }
        for number in absent {
            let (told, label) = (self.put(number, &ask_tip).await, self.all[number].label());
            match told {
                Ok(tip) if tip.live && live(&tip) && self.settles(&block.at.hash) => {
                    return Ok(Confirmed::NotYet);
                }
                Ok(tip) if tip.live && live(&tip) => {
                    let said = format!("has no block {height}, another named {}", block.at.hash);
                    return Err(self.disputed(number, said));
                }
                Ok(_) => silent.push(format!("{label}: is not in step with the network")),
                Err(fault) => silent.push(format!("{label}: {}", fault.reason())),
            }
        }
        if !needed {
            return Ok(Confirmed::Yes);
        }
        let why = match silent.is_empty() {
            true => "there is no second endpoint".to_owned(),
            false => silent.join("; "),
        };
        let said = format!("it pays more than one endpoint is believed for, and {why}");
        Err(self.disputed(teller, said))
    }

    fn disputed(&self, number: usize, said: String) -> Failure {
        Failure(vec![(self.all[number].label().to_string(), Fault::Disputed(said))])
    }

    /// Whether it is not long that a block is lacking somewhere. Counted by our own clock: the
    /// times in blocks are off by many minutes.
    fn settles(&self, hash: &str) -> bool {
        let now = self.clock.now();
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lacking.take().filter(|(lacked, _)| lacked == hash);
        let (_, since) = lacking.insert(known.unwrap_or_else(|| (hash.to_owned(), now)));
        now.since(*since) < SETTLING
    }

    /// The endpoint that leads, as [`tip`](Self::tip) found it.
    pub(super) fn leader(&self) -> (usize, &Source) {
        let number = self.leader.load(Ordering::Relaxed);
        (number, &self.all[number])
    }

    /// Lets another lead than one that does not answer what only a leader is asked.
    pub(super) fn pass_over(&self, number: usize) {
        let (now, source) = (self.clock.now(), &self.all[number]);
        if !source.rests(now) {
            source.note(Some((now, false)));
        }
    }

    /// The order in which endpoints are asked: the leader, the others, and last those that rest.
    fn order(&self) -> Vec<usize> {
        let (now, leader) = (self.clock.now(), self.leader.load(Ordering::Relaxed));
        let mut order = (0..self.all.len()).collect::<Vec<_>>();
        order.sort_by_key(|number| (self.all[*number].rests(now), *number != leader, *number));
        order
    }

    /// Puts a question to one endpoint, once it has proved which chain it serves.
    pub(super) async fn put<'s, T>(
        &'s self,
        number: usize,
        question: &(impl Fn(&'s Source) -> BoxFuture<'s, Result<T, Fault>> + Sync),
    ) -> Result<T, Fault> {
        let source = &self.all[number];
        let answer = match source.identify(self.genesis).await {
            Ok(()) => question(source).await,
            Err(fault) => Err(fault),
        };
        let now = self.clock.now();
        let (network, endpoint, complaints) = (self.network, source.label(), &source.complaints);
        match &answer {
            Ok(_) => {
                source.note(None);
                if complaints.answered(now) {
                    tracing::warn!(%network, %endpoint, "endpoint answers again");
                }
            }
            Err(fault) => {
                let away = fault.doubts_endpoint();
                if away {
                    source.doubt();
                    // Who answers nonsense does not lead, and may still contradict another.
                    let silent = !matches!(fault, Fault::Nonsense(_));
                    source.note(Some((now, silent)));
                }
                let fault = (!fault.is_ordinary()).then(|| fault.reason());
                if let Some(fault) = fault.filter(|it| complaints.failed(it, away, now)) {
                    tracing::warn!(%network, %endpoint, fault, "endpoint failed");
                }
            }
        }
        answer
    }
}

fn ask_tip(source: &Source) -> BoxFuture<'_, Result<Tip, Fault>> {
    Box::pin(source.tip())
}
