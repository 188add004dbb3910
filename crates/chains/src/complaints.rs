//! What the log tells of one endpoint that fails: that it went away, that it fails in another way,
//! that it answers again; and meanwhile a reminder, not a line for each question.

use std::sync::{Mutex, PoisonError};

use coffer_domain::time::{Span, Timestamp};

/// The same is told again after so long.
const REMINDER: Span = Span::from_minutes(5);
/// An endpoint is back once it answers and has not failed for so long: one that answers every other
/// question comes and goes every second.
const SETTLED: Span = Span::from_seconds(30);
/// So many kinds are told of within a minute, whatever an endpoint makes up.
const LINES_A_MINUTE: usize = 5;
const MINUTE: Span = Span::from_minutes(1);
/// Kinds of faults that are remembered of one endpoint.
const KINDS: usize = 16;

/// What was told of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Vec<Told>,
    /// When it last gave no answer at all; none while it answers.
    away: Option<Timestamp>,
}

#[derive(Debug)]
struct Told {
    kind: String,
    at: Timestamp,
    /// Whether it is about the endpoint, not about one question.
    away: bool,
}

impl Complaints {
    /// Whether the log should tell of this fault. `away` tells that the endpoint itself failed, and
    /// not only one question.
    pub(crate) fn failed(&self, reason: &str, away: bool, now: Timestamp) -> bool {
        let kind = kind(reason);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if away {
            state.away = Some(now);
        }
        let fresh = |told: &Told| (Span::ZERO..REMINDER).contains(&now.since(told.at));
        if state.told.iter().any(|told| told.kind == kind && fresh(told)) {
            return false;
        }
        let lately = |told: &&Told| (Span::ZERO..MINUTE).contains(&now.since(told.at));
        if state.told.iter().filter(lately).count() >= LINES_A_MINUTE {
            return false;
        }
        state.told.retain(|told| told.kind != kind);
        if state.told.len() >= KINDS {
            state.told.remove(0);
        }
        state.told.push(Told { kind, at: now, away });
        true
    }

    /// Whether the log should tell that the endpoint, which gives an answer now, is back.
    pub(crate) fn answered(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unsettled = |at: Timestamp| (Span::ZERO..SETTLED).contains(&now.since(at));
        if state.away.is_none_or(unsettled) {
            return false;
        }
        state.away = None;
        state.told.retain(|told| !told.away);
        true
    }
}

/// A reason without what differs each time: words with digits, such as ages, heights and hashes.
/// The status of an answer stays.
fn kind(reason: &str) -> String {
    let mut kept = Vec::new();
    for word in reason.split_whitespace() {
        let status = kept.last().is_some_and(|before: &&str| before.ends_with("HTTP"));
        if status || !word.bytes().any(|byte| byte.is_ascii_digit()) {
            kept.push(word);
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// The seconds in which something is told, of an endpoint that is asked each second.
    fn told(answers: impl Fn(i64) -> Result<(), &'static str>, seconds: i64) -> Vec<(i64, String)> {
        let complaints = Complaints::default();
        let mut told = Vec::new();
        for second in 0..seconds {
            match answers(second) {
                Ok(()) if complaints.answered(at(second)) => told.push((second, "back".into())),
                Err(reason) if complaints.failed(reason, true, at(second)) => {
                    told.push((second, reason.into()));
                }
                _ => {}
            }
        }
        told
    }

    fn lines<const N: usize>(lines: [(i64, &str); N]) -> Vec<(i64, String)> {
        lines.map(|(second, text)| (second, text.to_owned())).to_vec()
    }

    #[test]
    fn an_endpoint_that_is_down_is_told_at_once_and_then_every_five_minutes() {
        let down = |_| Err("no connection");
        let expected = [0, 300, 600, 900].map(|second| (second, "no connection"));
        assert_eq!(told(down, 1_000), lines(expected));
    }

    #[test]
    fn another_error_and_the_return_are_told_at_once() {
        let answers = |second| match second {
            ..10 => Ok(()),
            10..20 => Err("no connection"),
            20..30 => Err("HTTP 503"),
            70.. => Err("no connection"),
            _ => Ok(()),
        };
        let expected =
            [(10, "no connection"), (20, "HTTP 503"), (59, "back"), (70, "no connection")];
        assert_eq!(told(answers, 100), lines(expected));
    }

    #[test]
    fn one_that_answers_every_other_question_is_not_told_each_time() {
        let answers = |second| if second % 2 == 0 { Err("no answer in time") } else { Ok(()) };
        let expected = [(0, "no answer in time"), (300, "no answer in time")];
        assert_eq!(told(answers, 500), lines(expected));
    }

    #[test]
    fn a_fault_that_names_another_block_each_time_is_the_same() {
        let complaints = Complaints::default();
        assert!(complaints.failed("names 00ab3f9c, another named 00cd11ee", false, at(0)));
        assert!(!complaints.failed("names 00ee12aa, another named 00ff98aa", false, at(1)));
        assert!(complaints.failed("HTTP 502", true, at(2)));
        assert!(complaints.failed("HTTP 503", true, at(3)));
    }

    #[test]
    fn one_that_falls_further_behind_is_told_once() {
        let complaints = Complaints::default();
        let told = (0..120).filter(|second| {
            let reason = format!("its newest block is {} s older than another's", 61 + second);
            complaints.failed(&reason, true, at(*second))
        });
        assert_eq!(told.collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn new_words_each_time_fill_no_log() {
        let complaints = Complaints::default();
        let told = (0..120_i64).filter(|second| {
            let word = "x".repeat(usize::try_from(*second).unwrap());
            complaints.failed(&word, true, at(*second))
        });
        assert_eq!(told.collect::<Vec<_>>(), [0, 1, 2, 3, 4, 60, 61, 62, 63, 64]);
    }

    #[test]
    fn a_question_that_is_refused_is_not_an_endpoint_that_comes_and_goes() {
        let complaints = Complaints::default();
        assert!(complaints.failed("refused the call", false, at(0)));
        assert!(!complaints.answered(at(100)));
        assert!(!complaints.failed("refused the call", false, at(101)));
        assert!(complaints.failed("refused the call", false, at(300)));
    }
}
