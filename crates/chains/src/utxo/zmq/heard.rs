//! What was heard of a node, and whether that was all.

use std::collections::HashMap;

use bitcoin::Txid;

use super::message::{Announced, announced};

/// Ids kept until they are asked for; more are as good as lost.
const KEPT_MAX: usize = 10_000;

/// What was heard since it was last asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::utxo) struct Heard {
    /// Transactions that were announced; which of them wait for a block, the node tells.
    pub(in crate::utxo) ids: Vec<Txid>,
    /// Whether these are all that the node announced.
    pub(in crate::utxo) all: bool,
}

/// Listens to the messages of one connection.
#[derive(Default)]
pub(super) struct Ear {
    ids: Vec<Txid>,
    /// The number of the last message of each topic: the node counts them.
    numbers: HashMap<Vec<u8>, u32>,
    /// Whether it has announced a transaction; a node need not.
    tells: bool,
    /// Whether a message was lost, or not understood.
    lost: bool,
}

impl Ear {
    /// Takes in a message: topic, body, number.
    pub(super) fn hear(&mut self, message: Vec<Vec<u8>>) {
        let Ok([topic, body, number]) = <[Vec<u8>; 3]>::try_from(message) else { return };
        let told = announced(&topic, &body);
        if let Ok(number) = <[u8; 4]>::try_from(number).map(u32::from_le_bytes) {
            let before = self.numbers.insert(topic, number);
            self.lost |= before.is_some_and(|before| before.wrapping_add(1) != number);
        }
        match told {
            Announced::Transaction(id) if self.ids.len() < KEPT_MAX => {
                self.tells = true;
                self.ids.push(id);
            }
            Announced::Transaction(_) | Announced::Unreadable => self.lost = true,
            Announced::Other => {}
        }
    }

    /// What was heard since the last call.
    pub(super) fn heard(&mut self) -> Heard {
        Heard {
            ids: std::mem::take(&mut self.ids),
            all: self.tells && !std::mem::take(&mut self.lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;

    use super::*;

    fn hear(ear: &mut Ear, topic: &str, id: u8, number: u32) {
        let body = if topic == "hashtx" { vec![id; 32] } else { vec![id; 3] };
        ear.hear(vec![topic.into(), body, number.to_le_bytes().to_vec()]);
    }

    fn ids(ids: &[u8]) -> Vec<Txid> {
        ids.iter().map(|id| Txid::from_byte_array([*id; 32])).collect()
    }

    #[test]
    fn a_lost_message_shows_in_the_numbers_of_its_topic() {
        let mut ear = Ear::default();
        hear(&mut ear, "hashblock", 1, 7);
        assert_eq!(ear.heard(), Heard::default(), "it may announce blocks only");
        hear(&mut ear, "hashtx", 1, u32::MAX);
        hear(&mut ear, "hashtx", 2, 0);
        assert_eq!(ear.heard(), Heard { ids: ids(&[1, 2]), all: true });
        assert_eq!(ear.heard(), Heard { ids: Vec::new(), all: true });
        hear(&mut ear, "hashtx", 3, 2);
        assert_eq!(ear.heard(), Heard { ids: ids(&[3]), all: false });
        hear(&mut ear, "hashtx", 4, 3);
        assert_eq!(ear.heard(), Heard { ids: ids(&[4]), all: true });
    }

    #[test]
    fn what_is_not_understood_or_too_much_is_lost() {
        let mut ear = Ear::default();
        hear(&mut ear, "hashtx", 1, 0);
        hear(&mut ear, "rawtx", 1, 0);
        assert_eq!(ear.heard(), Heard { ids: ids(&[1]), all: false });
        for number in 1..=u32::try_from(KEPT_MAX).unwrap() + 1 {
            hear(&mut ear, "hashtx", 1, number);
        }
        let heard = ear.heard();
        assert_eq!((heard.ids.len(), heard.all), (KEPT_MAX, false));
    }
}
