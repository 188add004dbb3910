//! Requests made and signed before they are sent.

use std::fmt::Write as _;

use coffer_wire::signature::{KEY_HEADER, PreparedSecret, SIGNATURE_HEADER};

use super::options::Order;

/// The bytes of many requests, one behind the other.
pub(super) struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Makes the requests of one merchant, no two alike.
pub(super) struct Merchant {
    pub(super) path: String,
    pub(super) key: String,
    pub(super) secret: PreparedSecret,
    pub(super) order: Order,
    /// Requests made so far.
    pub(super) made: u64,
}

impl Merchant {
    /// The next requests.
    pub(super) fn sign(&mut self, count: usize) -> Requests {
        let mut requests =
            Requests { bytes: Vec::with_capacity(count * 640), ends: Vec::with_capacity(count) };
        for _ in 0..count {
            self.made += 1;
            let body = body(self.order, self.made);
            let head = format!(
                "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{KEY_HEADER}: {}\r\n\
                 {SIGNATURE_HEADER}: {}\r\nContent-Type: application/json\r\nAccept: */*\r\n\
                 Content-Length: {}\r\n\r\n",
                self.path,
                self.key,
                self.secret.sign(body.as_bytes()),
                body.len(),
            );
            requests.bytes.extend_from_slice(head.as_bytes());
            requests.bytes.extend_from_slice(body.as_bytes());
            requests.ends.push(requests.bytes.len());
        }
        requests
    }
}

impl Requests {
    /// The request of that number, if there are as many.
    pub(super) fn get(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)?;
        let before = number.checked_sub(1).and_then(|before| self.ends.get(before));
        self.bytes.get(before.copied().unwrap_or_default()..end)
    }
}

/// The mission's body, with a customer and a `foreign_id` of its own.
fn body(order: Order, number: u64) -> String {
    let name = match order {
        Order::Rising => format!("{number:012}"),
        Order::Random => format!("{:016x}{:016x}", mixed(number), mixed(!number)),
    };
    let mut body = String::with_capacity(384);
    // Writing to a text does not fail.
    let _ = write!(
        body,
        "{{\"amount\":\"100\",\"currency\":{{\"iso\":\"EUR\"}},\"life_time_duration\":360000,\
         \"end_user_email\":\"guest-{name}@example.com\",\"end_user_reference\":\"guest_{name}\",\
         \"description\":\"Order #{number}\",\"foreign_id\":\"order_{name}\",\
         \"url_store\":\"https://example.com/store\"}}"
    );
    body
}

/// A one-to-one mixing of 64 bits (SplitMix64): the same numbers in every run, in no order.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_follow_each_other_whole_and_signed() {
        let secret = PreparedSecret::new(b"secret");
        let (path, key) = ("/path".to_owned(), "key".to_owned());
        let mut merchant =
            Merchant { path, key, secret: secret.clone(), order: Order::Rising, made: 0 };
        let requests = merchant.sign(2);
        let texts: Vec<&str> =
            (0..2).map(|n| std::str::from_utf8(requests.get(n).unwrap()).unwrap()).collect();
        assert_eq!(requests.get(2), None);
        for (text, number) in texts.iter().zip(1..) {
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("POST /path HTTP/1.1\r\n"));
            assert!(head.contains(&secret.sign(body.as_bytes())));
            assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
            assert!(body.contains(&format!("\"foreign_id\":\"order_{number:012}\"")), "{body}");
        }
    }

    #[test]
    fn ids_rise_or_do_not() {
        let id = |order, number| body(order, number).split_once("order_").unwrap().1.to_owned();
        let rise = |order| (1..100).map(|number| id(order, number)).is_sorted();
        assert!(rise(Order::Rising) && !rise(Order::Random));
    }
}
