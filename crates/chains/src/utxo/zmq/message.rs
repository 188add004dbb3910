//! Messages as they lie on the wire (ZMTP 3), and what one of them announces.

use std::io;

use bitcoin::{Transaction, Txid, consensus::deserialize, hashes::Hash};

/// The largest part of a message that is read; a transaction is at most 4 MB.
const PART_BYTES_MAX: u64 = 8 << 20;
/// Parts of a node's message: topic, body, number.
const PARTS: usize = 3;

/// Marks of a part: more of the message follows, the length has eight bytes, it is a command.
const MORE: u8 = 1;
const LONG: u8 = 2;
pub(super) const COMMAND: u8 = 4;

/// What was read and is not yet a whole message.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) buffer: Vec<u8>,
    parts: Vec<Vec<u8>>,
}

impl Inbox {
    /// Every message that is whole by now, in their order.
    pub(super) fn messages(&mut self) -> io::Result<Vec<Vec<Vec<u8>>>> {
        let (mut rest, mut whole) = (self.buffer.as_slice(), Vec::new());
        while let Some((flags, length, behind)) = head(rest) {
            if length > PART_BYTES_MAX {
                return Err(io::Error::other("a message is too long"));
            }
            let Some((part, behind)) =
                behind.split_at_checked(usize::try_from(length).unwrap_or(0))
            else {
                break;
            };
            rest = behind;
            if flags & COMMAND != 0 {
                continue;
            }
            if self.parts.len() == PARTS {
                return Err(io::Error::other("a message has too many parts"));
            }
            self.parts.push(part.to_vec());
            if flags & MORE == 0 {
                whole.push(std::mem::take(&mut self.parts));
            }
        }
        let left = rest.len();
        self.buffer.drain(..self.buffer.len() - left);
        Ok(whole)
    }
}

/// Marks and length of the next part, and what is behind them; none where they are not whole.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (flags, rest) = bytes.split_first()?;
    if flags & LONG == 0 {
        let (length, rest) = rest.split_first()?;
        return Some((*flags, u64::from(*length), rest));
    }
    let (length, rest) = rest.split_first_chunk()?;
    Some((*flags, u64::from_be_bytes(*length), rest))
}

/// What a node announces.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// A transaction, which may wait for a block or be in a new one.
    Transaction(Txid),
    /// A transaction that cannot be read.
    Unreadable,
    /// Something else.
    Other,
}

/// What a message of that topic announces.
pub(super) fn announced(topic: &[u8], body: &[u8]) -> Announced {
    let id = |digest: &[u8]| {
        let mut digest = <[u8; 32]>::try_from(digest).ok()?;
        // As people write it: backwards.
        digest.reverse();
        Some(Txid::from_byte_array(digest))
    };
    let found = match topic {
        b"hashtx" => id(body),
        // Behind the id: what has become of it (`A`: it waits), and a count.
        b"sequence" => match body.split_at_checked(32) {
            Some((digest, [b'A', ..])) => id(digest),
            _ => return Announced::Other,
        },
        b"rawtx" => deserialize::<Transaction>(body).ok().map(|it| it.compute_txid()),
        _ => return Announced::Other,
    };
    found.map_or(Announced::Unreadable, Announced::Transaction)
}

#[cfg(test)]
mod tests {
    use bitcoin::{Network, blockdata::constants::genesis_block, consensus::serialize};

    use super::*;

    fn part(flags: u8, bytes: &[u8]) -> Vec<u8> {
        match u8::try_from(bytes.len()) {
            Ok(length) => [&[flags, length], bytes].concat(),
            Err(_) => {
                let length = u64::try_from(bytes.len()).unwrap().to_be_bytes();
                [&[flags | LONG], length.as_slice(), bytes].concat()
            }
        }
    }

    #[test]
    fn messages_are_whole_however_they_are_cut() {
        let long = vec![7; 300];
        let message =
            |body: &[u8]| [part(MORE, b"rawtx"), part(MORE, body), part(0, &[1, 0, 0, 0])].concat();
        let wire = [message(&long), part(COMMAND, b"\x04PING"), message(b""), vec![MORE]].concat();
        let parts = |body: &[u8]| vec![b"rawtx".to_vec(), body.to_vec(), vec![1, 0, 0, 0]];
        for size in 1..=wire.len() {
            let (mut inbox, mut read) = (Inbox::default(), Vec::new());
            for some in wire.chunks(size) {
                inbox.buffer.extend_from_slice(some);
                read.extend(inbox.messages().unwrap());
            }
            assert_eq!(read, [parts(&long), parts(b"")]);
            assert_eq!(inbox.buffer, [MORE], "the next message has begun");
        }
    }

    #[test]
    fn what_asks_for_too_much_memory_is_refused() {
        let mut long = Inbox { buffer: vec![LONG, 0, 0, 0, 1, 0, 0, 0, 0], parts: Vec::new() };
        assert!(long.messages().is_err());
        let mut many = Inbox { buffer: part(MORE, b"").repeat(4), parts: Vec::new() };
        assert!(many.messages().is_err());
    }

    #[test]
    fn the_same_transaction_is_announced_in_three_ways() {
        let transaction = genesis_block(Network::Regtest).txdata.remove(0);
        let id = transaction.compute_txid();
        let mut digest = id.to_byte_array();
        digest.reverse();
        let sequence = |label: u8| [&digest[..], &[label], &[0; 8]].concat();
        assert_eq!(announced(b"rawtx", &serialize(&transaction)), Announced::Transaction(id));
        assert_eq!(announced(b"hashtx", &digest), Announced::Transaction(id));
        assert_eq!(announced(b"sequence", &sequence(b'A')), Announced::Transaction(id));
        assert_eq!(announced(b"sequence", &sequence(b'R')), Announced::Other);
        assert_eq!(announced(b"hashblock", &digest), Announced::Other);
        assert_eq!(announced(b"rawtx", b"nothing"), Announced::Unreadable);
    }
}
