//! The list of coins and the form around it.

use super::Page;
use crate::{
    checkout::{
        clock,
        view::{Choose, ChooseProblem, CoinChoice, EmailField, Unavailable},
    },
    text::Phrase,
};

/// Rows from which the list of coins gets a search field.
const SEARCH_ABOVE: usize = 8;

/// A part of the list of coins, each row with its number in the whole list.
pub(super) struct Group<'a> {
    pub(super) title: Option<Phrase>,
    pub(super) rows: Vec<(usize, &'a CoinChoice)>,
}

impl Page<'_> {
    pub(super) fn lock(&self, choose: &Choose) -> String {
        clock::span(i64::from(choose.lock_seconds), self.t)
    }

    pub(super) fn has_search(&self, choose: &Choose) -> bool {
        choose.coins.len() > SEARCH_ABOVE
    }

    /// The list in its parts: those that hold the value of a currency, then the others. One part
    /// without a heading while the list is short.
    pub(super) fn groups<'c>(&self, choose: &'c Choose) -> Vec<Group<'c>> {
        let rows = || choose.coins.iter().enumerate();
        let part = |stable| rows().filter(|(_, row)| row.stable == stable).collect::<Vec<_>>();
        let (stable, others) = (part(true), part(false));
        if stable.is_empty() || others.is_empty() || choose.coins.len() < 4 {
            return vec![Group { title: None, rows: rows().collect() }];
        }
        vec![
            Group { title: Some(self.t.choose_stable), rows: stable },
            Group { title: Some(self.t.choose_coins), rows: others },
        ]
    }

    pub(super) fn why_not(&self, reason: &Unavailable) -> Phrase {
        match reason {
            Unavailable::NetworkBehind => self.t.unavailable_network,
            Unavailable::NoRate => self.t.unavailable_rate,
            Unavailable::TooSmall => self.t.unavailable_small,
        }
    }

    pub(super) fn fee(&self, row: &CoinChoice) -> String {
        match &row.network_fee {
            Some(fee) => self.t.choose_fee.with("fee", self.money(fee)).plain(),
            None => self.t.choose_fee_unknown.to_string(),
        }
    }

    pub(super) fn problem(&self, problem: &ChooseProblem) -> Phrase {
        match problem {
            ChooseProblem::NoCoin => self.t.problem_no_coin,
            ChooseProblem::CoinGone => self.t.problem_coin_gone,
            ChooseProblem::Email => self.t.problem_email,
            ChooseProblem::TooManyTries => self.t.problem_too_many,
            ChooseProblem::ChangedTooOften => self.t.problem_changed_too_often,
        }
    }

    pub(super) fn is_about_email(&self, choose: &Choose) -> bool {
        choose.problem == Some(ChooseProblem::Email)
    }

    pub(super) fn typed_email<'c>(&self, choose: &'c Choose) -> Option<&'c str> {
        match &choose.email {
            EmailField::Ask(typed) => Some(typed),
            EmailField::Known => None,
        }
    }
}
