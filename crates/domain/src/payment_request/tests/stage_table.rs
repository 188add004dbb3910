//! The machine drawn as a table, by running it; `docs/stages.md` is that drawing.

use std::fmt::Write as _;

use super::situation::*;
use crate::{
    callback::CallbackKind,
    payment_request::{Actor, Effect, Fact, PaymentRequest, Policy, Refused},
};

const DRAWN: &str = include_str!("../../../../../docs/stages.md");

const HEAD: &str = "\
# The stages of a payment request

Drawn from the machine in `crates/domain/src/payment_request` by its test
`the_drawing_of_the_stages_is_true`, which runs every row and compares this file; when the machine
changes, the failing test prints the new text.

Every row starts from the same request: a quote of 1000 units with a tolerance of 5, locked for
minutes 0 to 60, final with 3 confirmations, under the default policies. Looks at transfers are only
noted. A watermark says how far the network has been reported, and decides on everything noted.

| stage | what happens | then | callbacks | cases |
| --- | --- | --- | --- | --- |
";

const FOOT: &str = "
Paid, failed, expired, cancelled and restricted are final: no row leaves them.
";

type Step = fn(&mut PaymentRequest) -> Result<Vec<Effect>, Refused>;
type Row = (fn() -> PaymentRequest, &'static str, Step);

fn new() -> PaymentRequest {
    created(Policy::DEFAULT)
}

fn quoted() -> PaymentRequest {
    processing(Policy::DEFAULT)
}

fn short() -> PaymentRequest {
    after(&[deep("a", 400, 1, 5)], 6)
}

fn full() -> PaymentRequest {
    after(&[pending("a", 1_000, 1, 5)], 60)
}

fn paid() -> PaymentRequest {
    after(&[deep("a", 1_000, 1, 5)], 6)
}

fn expired() -> PaymentRequest {
    after(&[], 60)
}

fn failed() -> PaymentRequest {
    after(&[deep("a", 400, 1, 5), pending("b", 100, 1, 5)], 120)
}

fn reversed() -> PaymentRequest {
    let mut request = paid();
    request.reports(7, &[gone("a", 1_000, 2)]);
    request
}

fn cancelled() -> PaymentRequest {
    let mut request = quoted();
    request.cancel(Actor::Merchant, minute(5)).unwrap();
    request
}

fn restricted() -> PaymentRequest {
    let mut request = full();
    request.restrict("listed".to_owned(), minute(61)).unwrap();
    request
}

fn after(looks: &[crate::transfer::Observation], at: i64) -> PaymentRequest {
    let mut request = quoted();
    request.reports(at, looks);
    request
}

fn proceed(request: &mut PaymentRequest) -> Result<Vec<Effect>, Refused> {
    request.proceed(quote(2, btc(), "there", 30), minute(30))
}

fn cancel(request: &mut PaymentRequest) -> Result<Vec<Effect>, Refused> {
    request.cancel(Actor::Merchant, minute(30))
}

fn restrict(request: &mut PaymentRequest) -> Result<Vec<Effect>, Refused> {
    request.restrict("listed".to_owned(), minute(30))
}

fn rows_of_open_requests() -> Vec<Row> {
    vec![
        (new, "the customer proceeds with a coin", proceed),
        (new, "the merchant cancels", cancel),
        (new, "screening refuses", restrict),
        (new, "our clock passes the lifespan", |it| it.apply(&Fact::Clock(minute(LIFESPAN)))),
        (quoted, "the customer changes the coin, nothing seen", proceed),
        (quoted, "the merchant cancels, nothing seen", cancel),
        (quoted, "our clock passes the lifespan", |it| it.apply(&Fact::Clock(minute(LIFESPAN)))),
        (quoted, "a look, before the next watermark", |it| {
            it.apply(&Fact::Transfer(deep("a", 1_000, 1, 5)))
        }),
        (quoted, "1000 are seen", |it| Ok(it.reports(6, &[pending("a", 1_000, 1, 5)]))),
        (quoted, "994 are final", |it| Ok(it.reports(6, &[deep("a", 994, 1, 5)]))),
        (quoted, "995 are final", |it| Ok(it.reports(6, &[deep("a", 995, 1, 5)]))),
        (quoted, "1001 are final", |it| Ok(it.reports(6, &[deep("a", 1_001, 1, 5)]))),
        (quoted, "another token is final", |it| {
            let wrong = to(asset("ORDI", "bitcoin"), "here", deep("a", 1_000, 1, 5));
            Ok(it.reports(6, &[wrong]))
        }),
        (quoted, "the network passes minute 60, nothing seen", |it| Ok(it.reports(60, &[]))),
        (quoted, "another network passes minute 60", |it| it.apply(&mark("tron", 60))),
        (short, "400 of 1000: the customer changes the coin", proceed),
        (short, "400 of 1000: the merchant cancels", cancel),
        (short, "400 of 1000: screening refuses", restrict),
        (short, "400 of 1000: the rest is final at minute 119", |it| {
            Ok(it.reports(120, &[deep("b", 600, 2, 119)]))
        }),
        (short, "400 of 1000: the network passes minute 60", |it| Ok(it.reports(60, &[]))),
        (short, "400 of 1000: the network passes minute 120", |it| Ok(it.reports(120, &[]))),
        (short, "400 of 1000: they are reorganised away", |it| {
            Ok(it.reports(7, &[gone("a", 400, 2)]))
        }),
        (full, "all seen in time: replaced by nothing", |it| {
            Ok(it.reports(61, &[gone("a", 1_000, 2)]))
        }),
        (full, "all seen in time: final within 24 h", |it| {
            Ok(it.reports(1_500, &[deep("a", 1_000, 2, 1_500)]))
        }),
        (full, "all seen in time: 24 h pass unconfirmed", |it| Ok(it.reports(1_500, &[]))),
        (full, "all seen in time: in a block when 24 h have passed, but not deep", |it| {
            Ok(it.reports(1_501, &[block("a", 1_000, 2, 1_500, 1)]))
        }),
    ]
}

fn rows_of_ended_requests() -> Vec<Row> {
    vec![
        (paid, "500 more are final in the window", |it| {
            Ok(it.reports(60, &[deep("b", 500, 2, 59)]))
        }),
        (paid, "500 more are final after the window", |it| {
            Ok(it.reports(70, &[deep("b", 500, 2, 69)]))
        }),
        (paid, "the payment is reorganised away", |it| Ok(it.reports(7, &[gone("a", 1_000, 2)]))),
        (reversed, "the payment that was reorganised away is final again", |it| {
            Ok(it.reports(12, &[deep("a", 1_000, 3, 9)]))
        }),
        (paid, "the merchant cancels", cancel),
        (failed, "what was pending is final", |it| Ok(it.reports(121, &[deep("b", 100, 2, 6)]))),
        (failed, "600 more are final", |it| Ok(it.reports(130, &[deep("c", 600, 2, 125)]))),
        (expired, "1000 are seen", |it| Ok(it.reports(71, &[pending("a", 1_000, 1, 70)]))),
        (expired, "1000 are final", |it| Ok(it.reports(80, &[deep("a", 1_000, 1, 70)]))),
        (expired, "the customer proceeds", proceed),
        (cancelled, "1000 are final", |it| Ok(it.reports(80, &[deep("a", 1_000, 1, 10)]))),
        (
            restricted,
            "what was there is final",
            |it| Ok(it.reports(80, &[deep("a", 1_000, 2, 70)])),
        ),
        (restricted, "1000 more are final", |it| Ok(it.reports(80, &[deep("b", 1_000, 2, 70)]))),
    ]
}

fn words(kind: CallbackKind) -> &'static str {
    match kind {
        CallbackKind::RateFixed => "rate fixed",
        CallbackKind::Transaction => "transaction",
        CallbackKind::Paid => "paid",
        CallbackKind::Failed => "failed",
        CallbackKind::ExpiredWithoutRate => "expired without rate",
        CallbackKind::ExpiredWithRate => "expired with rate",
        CallbackKind::LatePayment => "late payment",
        CallbackKind::Restricted => "restricted",
        CallbackKind::Cancelled => "cancelled",
        CallbackKind::Reversal => "reversal",
    }
}

/// The machine as markdown.
pub(super) fn drawing() -> String {
    let mut text = HEAD.to_owned();
    for (situation, happens, step) in
        rows_of_open_requests().into_iter().chain(rows_of_ended_requests())
    {
        let mut request = situation();
        let before = request.status();
        let result = step(&mut request);
        let then = match &result {
            Err(why) => format!("refused: {why}"),
            Ok(_) if request.status() == before => "–".to_owned(),
            Ok(_) => request.status().to_owned(),
        };
        let (mut callbacks, mut cases) = (vec![], vec![]);
        for effect in result.unwrap_or_default() {
            match effect {
                Effect::Callback(kind) => callbacks.push(words(kind).to_owned()),
                Effect::OpenCase(case) => {
                    cases.push(format!("{} {}", case.kind.as_str(), case.units.get()));
                }
            }
        }
        let (callbacks, cases) = (callbacks.join(", "), cases.join(", "));
        writeln!(text, "| {before} | {happens} | {then} | {callbacks} | {cases} |").unwrap();
    }
    text.push_str(FOOT);
    text
}

#[test]
fn the_drawing_of_the_stages_is_true() {
    let drawn = drawing();
    assert!(drawn == DRAWN, "docs/stages.md should read:\n{drawn}");
}
