//! What the operator is told: once, by every channel, until it is over.

use std::{sync::Arc, time::Duration};

use coffer::simulate::ports::answered;
use coffer_domain::{mail::MailOutcome, ports::Chain, time::Span};
use coffer_engine::{alarms::Told, engine::Engine, follow::Progress, settings::EngineSettings};
use coffer_store::alarm::message::MessageState;
use tokio::sync::Notify;

use crate::{
    house::{BTC, House, minutes},
    on_both,
    operator::{Elsewhere, Operator, POLYGON, disagreement, unreachable},
};

/// Another process of the house, with an operator who can be reached.
pub struct Reached {
    pub engine: Engine,
    pub operator: Arc<Operator>,
    elsewhere: Arc<Elsewhere>,
    chain: Arc<dyn Chain>,
}

impl Reached {
    /// One whose coins have prices, made-up ones.
    pub fn of(house: &House) -> Self {
        let fixed = EngineSettings {
            fixed_rates: true,
            allow_test_networks: true,
            ..EngineSettings::default()
        };
        Self::with(house, fixed)
    }

    fn with(house: &House, settings: EngineSettings) -> Self {
        let operator = Arc::new(Operator::default());
        let elsewhere = Elsewhere::over(house.world.chain());
        let chain: Arc<dyn Chain> = elsewhere.clone();
        let chains = vec![Arc::clone(&chain)];
        let engine = house.world.engine_with(chains, operator.channels(), settings);
        Self { engine, operator, elsewhere, chain }
    }

    /// Looks at everything that may be wrong, and sends what is to be said.
    pub async fn work(&self) {
        self.engine.check_alarms().await.unwrap();
        while self.engine.send_alarms().await.unwrap() > 0 {}
    }

    /// Reads the network that is elsewhere; why not, if it cannot be read.
    async fn read(&self) -> Result<(), String> {
        loop {
            match self.engine.follow_once(&self.chain).await {
                Ok(Progress::AtTip) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Looks once at the network that is elsewhere.
    async fn look(&self) -> Progress {
        self.engine.follow_once(&self.chain).await.unwrap()
    }

    /// The names of the alarms that stand, oldest first, with how often each was raised.
    pub async fn standing(&self) -> Vec<(String, u32)> {
        let told = self.engine.alarms(false, 100).await.unwrap();
        told.into_iter().rev().map(|told| (told.alarm.name, told.alarm.times)).collect()
    }

    pub async fn only(&self) -> Told {
        let mut told = self.engine.alarms(true, 100).await.unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }

    /// A callback that nobody takes until it is given up.
    async fn give_up_a_callback(&self, house: &House) {
        house.world.endpoints.behave(|_| answered(503));
        house.chosen(BTC).await;
        while let Some(due) = self.engine.next_callback_due().await.unwrap() {
            house.pass(due.since(self.engine.now()));
            self.engine.deliver_callbacks().await.unwrap();
        }
    }
}

/// Networks that are behind because they do not settle.
const UNSETTLED: &str = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL AND \
    behind_reason = 'its newest blocks are not settled'";

fn pair(event: &str, name: &str) -> (String, String) {
    (event.to_owned(), name.to_owned())
}

fn named(name: &str, times: u32) -> (String, u32) {
    (name.to_owned(), times)
}

on_both! {
    async fn what_happens_again_is_counted_and_told_once(house: House) {
        let told = Reached::of(house);
        told.give_up_a_callback(house).await;
        told.work().await;
        let about = format!("merchant {}", house.shop.merchant.id);
        let subject = format!("[127.0.0.1:8080] callback_given_up ({about})");
        assert_eq!(told.operator.subjects(), [subject]);
        assert_eq!(told.operator.posted(), [pair("raised", "callback_given_up")]);
        told.give_up_a_callback(house).await;
        while told.engine.send_alarms().await.unwrap() > 0 {}
        assert_eq!(told.operator.subjects(), Vec::<String>::new());
        let only = told.only().await;
        assert_eq!((only.alarm.about, only.alarm.times), (about, 2));
        assert!(only.alarm.detail.ends_with(": HTTP 503"), "{}", only.alarm.detail);
        let delivered = |state| state == MessageState::Delivered;
        assert!(only.messages.iter().all(|message| delivered(message.state)));
        assert_eq!(only.messages.len(), 2);
    }

    async fn an_open_alarm_is_told_again_each_day_until_somebody_knows(house: House) {
        let told = Reached::of(house);
        told.give_up_a_callback(house).await;
        told.work().await;
        told.operator.subjects();
        let id = told.only().await.alarm.id;
        house.pass(Span::from_hours(23));
        told.read().await.unwrap();
        told.work().await;
        assert_eq!(told.operator.subjects(), Vec::<String>::new());
        for _ in 0..2 {
            house.pass(Span::from_hours(24));
            told.read().await.unwrap();
            told.work().await;
            told.work().await;
            let subjects = told.operator.subjects();
            let still = subjects.iter().filter(|subject| subject.contains("still: callback"));
            assert_eq!(still.count(), 1, "{subjects:?}");
        }
        let known = told.engine.acknowledge_alarm(id).await.unwrap().unwrap();
        assert_eq!(known.state.as_str(), "acknowledged");
        house.pass(Span::from_hours(48));
        told.work().await;
        let subjects = told.operator.subjects();
        assert!(!subjects.iter().any(|subject| subject.contains("callback")), "{subjects:?}");
        let over = told.engine.resolve_alarm(id).await.unwrap().unwrap();
        assert_eq!(over.state.as_str(), "resolved");
        told.work().await;
        assert!(told.operator.subjects()[0].contains("resolved: callback_given_up"));
        told.give_up_a_callback(house).await;
        let stands = told.standing().await;
        assert!(stands.contains(&named("callback_given_up", 1)), "a new one: {stands:?}");
    }

    async fn a_mail_server_that_is_away_delays_its_mails_and_nothing_else(house: House) {
        let told = Reached::of(house);
        let away = MailOutcome::TryAgain("no mail server".to_owned());
        *told.operator.mail_answer.lock().unwrap() = Some(away);
        told.give_up_a_callback(house).await;
        assert_eq!(told.engine.send_alarms().await.unwrap(), 2);
        assert_eq!(told.operator.posted(), [pair("raised", "callback_given_up")]);
        assert_eq!(told.engine.send_alarms().await.unwrap(), 0, "it is not due yet");
        house.pass(minutes(1));
        assert_eq!(told.engine.send_alarms().await.unwrap(), 1);
        *told.operator.mail_answer.lock().unwrap() = None;
        house.pass(minutes(2));
        assert_eq!(told.engine.send_alarms().await.unwrap(), 1);
        let mail = told.only().await.messages.remove(0);
        assert_eq!((mail.state, mail.attempts), (MessageState::Delivered, 3));
    }

    async fn a_mail_server_that_hangs_delays_no_other_message(house: House) {
        let told = Reached::of(house);
        told.give_up_a_callback(house).await;
        let gate = Arc::new(Notify::new());
        *told.operator.mail_gate.lock().unwrap() = Some(Arc::clone(&gate));
        let posted = async {
            let mut beat = tokio::time::interval(Duration::from_millis(10));
            loop {
                beat.tick().await;
                let posted = told.operator.posted();
                if !posted.is_empty() {
                    gate.notify_one();
                    return posted;
                }
            }
        };
        let both = futures_util::future::join(told.engine.send_alarms(), posted);
        let both = tokio::time::timeout(Duration::from_secs(30), both).await;
        let (sent, posted) = both.expect("the POST waits for the mail");
        assert_eq!((sent.unwrap(), posted), (2, vec![pair("raised", "callback_given_up")]));
        let states = told.only().await.messages.into_iter().map(|message| message.state);
        assert_eq!(states.collect::<Vec<_>>(), [MessageState::Delivered; 2]);
    }

    async fn a_message_that_nobody_takes_for_three_days_is_given_up(house: House) {
        let told = Reached::of(house);
        let away = MailOutcome::TryAgain("no mail server".to_owned());
        *told.operator.mail_answer.lock().unwrap() = Some(away);
        told.give_up_a_callback(house).await;
        let mut tries = 0;
        while told.only().await.messages[0].state == MessageState::Due {
            tries += told.engine.send_alarms().await.unwrap();
            house.pass(minutes(60));
            assert!(tries < 100, "it is tried for ever");
        }
        let mail = told.only().await.messages.remove(0);
        assert_eq!(mail.state, MessageState::GivenUp);
        assert_eq!(mail.answer.as_deref(), Some("no mail server"));
        assert!(tries > 70, "{tries}");
    }

    async fn a_network_that_is_behind_is_an_alarm_until_it_is_read_again(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        told.work().await;
        house.pass(minutes(1));
        told.elsewhere.is(Some(unreachable()));
        told.read().await.unwrap_err();
        house.pass(minutes(9));
        told.read().await.unwrap_err();
        told.work().await;
        assert_eq!(told.standing().await, []);
        house.pass(minutes(1));
        for _ in 0..3 {
            told.read().await.unwrap_err();
            told.work().await;
        }
        assert_eq!(told.standing().await, [named("network_behind", 1)]);
        let detail = told.only().await.alarm.detail;
        assert_eq!(detail, "polygon cannot be reached: no connection");
        told.elsewhere.is(None);
        told.read().await.unwrap();
        told.work().await;
        let expected = [pair("raised", "network_behind"), pair("resolved", "network_behind")];
        assert_eq!(told.operator.posted(), expected);
        let over = told.only().await.alarm;
        assert_eq!(over.state.as_str(), "resolved");
        assert!(over.detail.starts_with("blind from 2026-"), "{}", over.detail);
        assert!(over.detail.contains(": no payment found; it was: polygon cannot"), "{over:?}");
    }

    async fn a_network_that_was_never_read_is_an_alarm_too(house: House) {
        let told = Reached::of(house);
        told.elsewhere.is(Some(unreachable()));
        told.read().await.unwrap_err();
        told.work().await;
        house.pass(minutes(10));
        told.read().await.unwrap_err();
        told.work().await;
        assert!(told.standing().await.contains(&named("network_behind", 1)));
        told.elsewhere.is(None);
        told.read().await.unwrap();
        told.work().await;
        assert!(!told.standing().await.contains(&named("network_behind", 1)));
    }

    async fn a_short_outage_is_reported_without_an_alarm_and_a_very_short_one_is_not(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        for (seconds, reports) in [(50, 0), (120, 1)] {
            told.elsewhere.is(Some(unreachable()));
            told.read().await.unwrap_err();
            house.pass(Span::from_seconds(seconds));
            told.elsewhere.is(None);
            told.read().await.unwrap();
            while told.engine.send_alarms().await.unwrap() > 0 {}
            let expected = vec![pair("notice", "network_was_blind"); reports];
            assert_eq!(told.operator.posted(), expected, "after {seconds} s");
        }
        assert_eq!(told.standing().await, []);
        let spans = house.read(async |tx| tx.blind_spans(Some(POLYGON), 10).await).await;
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].until.unwrap().since(spans[0].since), Span::from_seconds(120));
    }

    async fn each_outage_between_two_blocks_is_noted(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        // From here on what was read moves with the blocks alone.
        told.elsewhere.tell_blocks_alone(true);
        told.read().await.unwrap();
        for outage in 1..=2 {
            told.elsewhere.is(Some(unreachable()));
            told.read().await.unwrap_err();
            let lasting = house.read(async |tx| tx.lasting_blind_span(POLYGON).await).await;
            assert!(lasting.is_some(), "outage {outage}");
            house.pass(minutes(2));
            told.elsewhere.is(None);
            told.read().await.unwrap();
            // Each began when it was read last, not with the last block.
            let spans = house.read(async |tx| tx.blind_spans(Some(POLYGON), 10).await).await;
            let lasted = spans[0].until.unwrap().since(spans[0].since);
            assert_eq!((spans.len(), lasted), (outage, minutes(2)));
            house.pass(minutes(5));
            told.read().await.unwrap();
        }
    }

    async fn what_was_read_by_its_blocks_was_read(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        for _ in 0..2 {
            told.elsewhere.tell_blocks_alone(true);
            for _ in 0..12 {
                told.read().await.unwrap();
                house.pass(minutes(1));
            }
            told.read().await.unwrap();
            // A look that fails is no outage of the ten minutes before it.
            told.elsewhere.is(Some(unreachable()));
            told.read().await.unwrap_err();
            told.elsewhere.is(None);
            told.read().await.unwrap();
            // Nor is it one that what is pending is shown again.
            house.pass(Span::from_seconds(30));
            told.elsewhere.tell_blocks_alone(false);
            told.read().await.unwrap();
        }
        let spans = house.read(async |tx| tx.blind_spans(Some(POLYGON), 10).await).await;
        assert_eq!(spans, []);
        // Where nobody looked it was not read.
        house.pass(minutes(2));
        told.read().await.unwrap();
        let spans = house.read(async |tx| tx.blind_spans(Some(POLYGON), 10).await).await;
        assert_eq!(spans.len(), 1);
    }

    async fn endpoints_that_disagree_are_an_alarm_at_once_and_until_they_agree(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        told.elsewhere.is(Some(disagreement()));
        let error = told.read().await.unwrap_err();
        assert!(error.contains("disagree about block 7"), "{error}");
        told.work().await;
        assert_eq!(told.standing().await, [named("endpoints_disagree", 1)]);
        told.elsewhere.is(None);
        told.read().await.unwrap();
        told.work().await;
        let expected =
            [pair("raised", "endpoints_disagree"), pair("resolved", "endpoints_disagree")];
        assert_eq!(told.operator.posted(), expected);
    }

    async fn a_network_that_does_not_settle_is_behind_and_an_alarm(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        told.elsewhere.unsettle(true);
        for (seconds, behind) in [(5, 0), (60, 0), (1, 1)] {
            house.pass(Span::from_seconds(seconds));
            assert_eq!(told.look().await, Progress::Unsettled);
            assert_eq!(house.count(UNSETTLED).await, behind, "after {seconds} s");
        }
        house.pass(minutes(10));
        assert_eq!(told.look().await, Progress::Unsettled);
        told.work().await;
        assert_eq!(told.standing().await, [named("network_behind", 1)]);
        told.elsewhere.unsettle(false);
        told.read().await.unwrap();
        told.work().await;
        assert_eq!(told.standing().await, []);
        assert_eq!(house.count(UNSETTLED).await, 0);
    }

    async fn a_network_read_by_blocks_alone_may_be_unsettled_for_a_look(house: House) {
        let told = Reached::of(house);
        told.elsewhere.tell_blocks_alone(true);
        told.read().await.unwrap();
        for _ in 0..3 {
            house.pass(minutes(10));
            told.elsewhere.unsettle(true);
            assert_eq!(told.look().await, Progress::Unsettled);
            assert_eq!(house.count(UNSETTLED).await, 0);
            told.elsewhere.unsettle(false);
            told.read().await.unwrap();
        }
        told.elsewhere.unsettle(true);
        for (seconds, behind) in [(5, 0), (61, 1)] {
            house.pass(Span::from_seconds(seconds));
            assert_eq!(told.look().await, Progress::Unsettled);
            assert_eq!(house.count(UNSETTLED).await, behind, "after {seconds} s");
        }
    }

    async fn a_look_that_does_not_settle_ends_no_disagreement(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        told.elsewhere.is(Some(disagreement()));
        told.read().await.unwrap_err();
        told.elsewhere.is(None);
        told.elsewhere.unsettle(true);
        assert_eq!(told.look().await, Progress::Unsettled);
        told.work().await;
        assert_eq!(told.standing().await, [named("endpoints_disagree", 1)]);
        told.elsewhere.unsettle(false);
        told.read().await.unwrap();
        told.work().await;
        assert_eq!(told.standing().await, []);
    }

    async fn an_endpoint_that_is_down_beside_another_is_an_alarm(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        *told.elsewhere.endpoints.lock().unwrap() = vec![Ok(()), Err(unreachable())];
        told.work().await;
        house.pass(minutes(5));
        told.read().await.unwrap();
        told.work().await;
        assert_eq!(told.standing().await, [named("endpoint_down", 1)]);
        let standing = told.engine.alarms(false, 1).await.unwrap().remove(0).alarm;
        assert_eq!(standing.about, "polygon endpoint 2 (node2.example:8545)");
        *told.elsewhere.endpoints.lock().unwrap() = vec![Ok(()), Ok(())];
        house.pass(minutes(1));
        told.read().await.unwrap();
        told.work().await;
        assert_eq!(told.standing().await, []);
        // Where there is no other, the network is behind, and one alarm is enough.
        *told.elsewhere.endpoints.lock().unwrap() = vec![Err(unreachable())];
        house.pass(minutes(1));
        told.work().await;
        house.pass(minutes(6));
        told.read().await.unwrap();
        told.work().await;
        assert_eq!(told.standing().await, []);
    }

    async fn an_endpoint_whose_final_block_holds_payments_up_is_an_alarm(house: House) {
        let told = Reached::of(house);
        told.read().await.unwrap();
        *told.elsewhere.endpoints.lock().unwrap() = vec![Ok(()), Ok(())];
        // Ten minutes of polygon's blocks are 300.
        for (finalized, stands) in [([1_000, 700], 0), ([1_000, 699], 1), ([1_000, 990], 0)] {
            *told.elsewhere.finalized.lock().unwrap() = finalized.to_vec();
            for wait in [1, 5] {
                house.pass(minutes(wait));
                told.read().await.unwrap();
                told.work().await;
            }
            let expected = if stands == 0 { vec![] } else { vec![named("final_behind", 1)] };
            assert_eq!(told.standing().await, expected, "{finalized:?}");
            if stands == 1 {
                let alarm = told.engine.alarms(false, 1).await.unwrap().remove(0).alarm;
                assert_eq!(alarm.about, "polygon endpoint 2 (node2.example:8545)");
                assert!(alarm.detail.contains("699, is 301 below another"), "{}", alarm.detail);
            }
        }
    }

    async fn coins_without_a_price_are_an_alarm(house: House) {
        let told = Reached::with(house, EngineSettings::default());
        told.read().await.unwrap();
        told.work().await;
        house.pass(minutes(10));
        told.read().await.unwrap();
        told.work().await;
        let stands = told.standing().await;
        assert_eq!(stands, [named("rates_stale", 1)]);
        let told = told.engine.alarms(false, 1).await.unwrap().remove(0);
        assert!(told.alarm.detail.starts_with("no price for "), "{}", told.alarm.detail);
        assert!(told.alarm.detail.contains("POL"), "{}", told.alarm.detail);
    }

    async fn a_heartbeat_that_is_not_taken_for_long_is_an_alarm(house: House) {
        let told = Reached::of(house);
        told.engine.give_heartbeat().await.unwrap();
        assert_eq!(told.operator.beats(), 1);
        *told.operator.beat_answer.lock().unwrap() = Some("HTTP 500".to_owned());
        told.engine.give_heartbeat().await.unwrap();
        house.pass(minutes(5));
        told.engine.give_heartbeat().await.unwrap();
        assert_eq!(told.standing().await, [named("heartbeat_failing", 1)]);
        *told.operator.beat_answer.lock().unwrap() = None;
        told.engine.give_heartbeat().await.unwrap();
        assert_eq!(told.standing().await, []);
    }

    async fn a_test_goes_by_every_channel_and_says_what_came_of_it(house: House) {
        let told = Reached::of(house);
        let refused = MailOutcome::Refused("the mail server refuses the mail (550)".to_owned());
        *told.operator.mail_answer.lock().unwrap() = Some(refused);
        let tried = told.engine.test_alarm_channels().await;
        let words: Vec<(&str, bool)> =
            tried.iter().map(|tried| (tried.channel, tried.outcome.is_ok())).collect();
        assert_eq!(words, [("mail", false), ("webhook", true), ("heartbeat", true)]);
        assert_eq!(told.operator.posted(), [pair("test", "test")]);
        assert_eq!(told.engine.alarms(true, 10).await.unwrap(), []);
    }
}
