//! One cause, many payments: the operator is told in one message, and nothing is lost.

use coffer_store::{alarm::message::MessageState, tx::Tx, vals};

use crate::{
    alarms::Reached,
    house::{BTC, House, Made, PRICE, follow, minutes},
    on_both,
};

const ETH: (&str, &str) = ("ETH", "ethereum");
/// More than a message lists.
const MANY: usize = 30;

impl House {
    /// A customer's payment of which the node first said that it moves ether, and says in its block
    /// that the same movement is of another asset. No real node does that.
    async fn contradicted(&self, told: &Reached) -> Made {
        let made = self.chosen(ETH).await;
        let expected = self.quote(&made).await.expected.get();
        let transaction = self.pay(&made, expected).await;
        follow(&self.world, &told.engine).await;
        let changed = async move |tx: &mut Tx<'_>| {
            let other = "UPDATE sandbox_transfer SET iso = 'USDT' WHERE tx = $1";
            tx.exec(other, vals![&transaction]).await
        };
        assert_eq!(self.engine().store().write(changed).await.unwrap(), 1);
        self.mine(2).await;
        follow(&self.world, &told.engine).await;
        made
    }
}

on_both! {
    async fn a_transfer_that_contradicts_itself_credits_nothing_and_is_told(house: House) {
        let told = Reached::of(house);
        let made = house.contradicted(&told).await;
        let stands = told.standing().await;
        assert_eq!(stands, [("transfer_refused".to_owned(), 1)]);
        let only = told.only().await.alarm;
        assert!(only.about.starts_with("ethereum:"), "{only:?}");
        let sentence = "the fact contradicts what was reported of the same transfer";
        assert_eq!(only.detail, format!("payment request {}: {sentence}", made.id));
        told.work().await;
        let subject = format!("[127.0.0.1:8080] transfer_refused ({})", only.about);
        assert_eq!(told.operator.subjects(), [subject]);
        house.mine(20).await;
        follow(&house.world, &told.engine).await;
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.cases(&made).await, []);
        house.pass(minutes(61));
        house.mine(1).await;
        follow(&house.world, &told.engine).await;
        assert_eq!(house.status(&made).await, "expired", "nothing was credited");
    }

    async fn payments_that_one_reorganisation_takes_back_are_told_in_one_message(house: House) {
        let told = Reached::of(house);
        let mut paid = Vec::new();
        for _ in 0..MANY {
            let made = house.chosen(BTC).await;
            paid.push((house.pay(&made, PRICE).await, made));
        }
        house.blocks(3).await;
        let gone: Vec<&str> = paid.iter().map(|(transaction, _)| transaction.as_str()).collect();
        house.reorganise(3, &gone).await;
        follow(&house.world, &told.engine).await;
        let alarms = told.engine.alarms(false, 100).await.unwrap();
        assert_eq!(alarms.len(), MANY + 1, "each is a row, and the network has stopped");
        told.work().await;
        let mut posted = told.operator.posted();
        posted.sort();
        let raised = |name: &str| ("raised".to_owned(), name.to_owned());
        assert_eq!(posted, [raised("network_stopped"), raised("payment_reversed")]);
        let texts = told.operator.texts();
        assert_eq!(texts.len(), 2, "{texts:?}");
        let text = texts.iter().find(|text| text.contains("30 alarms since")).unwrap();
        let listed = text.matches(": it had been paid, and what paid it is gone").count();
        assert_eq!(listed, 20);
        assert!(text.contains("… and 10 more;"), "{text}");
        for alarm in told.engine.alarms(false, 100).await.unwrap() {
            let states: Vec<_> = alarm.messages.iter().map(|message| message.state).collect();
            assert_eq!(states, [MessageState::Delivered; 2], "{alarm:?}");
        }
    }

    async fn what_follows_within_five_minutes_is_told_together(house: House) {
        let told = Reached::of(house);
        house.contradicted(&told).await;
        told.work().await;
        assert_eq!(told.operator.subjects().len(), 1, "the first is told at once");
        for _ in 0..3 {
            house.pass(minutes(1));
            house.contradicted(&told).await;
            told.work().await;
        }
        assert_eq!(told.operator.subjects(), Vec::<String>::new());
        house.pass(minutes(2));
        told.work().await;
        let subjects = told.operator.subjects();
        assert_eq!(subjects, ["[127.0.0.1:8080] transfer_refused (3 alarms)"]);
    }

    async fn while_nobody_takes_a_message_what_follows_joins_it(house: House) {
        let told = Reached::of(house);
        let away = coffer_domain::mail::MailOutcome::TryAgain("no mail server".to_owned());
        *told.operator.mail_answer.lock().unwrap() = Some(away);
        house.contradicted(&told).await;
        told.work().await;
        for _ in 0..4 {
            house.pass(minutes(10));
            house.contradicted(&told).await;
            told.work().await;
        }
        told.operator.subjects();
        *told.operator.mail_answer.lock().unwrap() = None;
        house.pass(minutes(60));
        told.work().await;
        let subjects = told.operator.subjects();
        let refused = subjects.iter().filter(|subject| subject.contains("transfer_refused"));
        let refused: Vec<&String> = refused.collect();
        assert_eq!(refused, ["[127.0.0.1:8080] transfer_refused (5 alarms)"], "{subjects:?}");
    }

    async fn all_alarms_of_a_name_are_acknowledged_and_resolved_at_once(house: House) {
        let told = Reached::of(house);
        for _ in 0..3 {
            house.contradicted(&told).await;
        }
        let kind = coffer_engine::alarms::Alarm::TransferRefused;
        assert_eq!(told.engine.acknowledge_alarms(kind).await.unwrap(), 3);
        assert_eq!(told.engine.acknowledge_alarms(kind).await.unwrap(), 0);
        assert_eq!(told.engine.resolve_alarms(kind).await.unwrap(), 3);
        assert_eq!(told.standing().await, []);
        told.work().await;
        let subjects = told.operator.subjects();
        let over = "[127.0.0.1:8080] resolved: transfer_refused (3 alarms)";
        assert!(subjects.contains(&over.to_owned()), "{subjects:?}");
        assert_eq!(subjects.len(), 2, "{subjects:?}");
    }
}
