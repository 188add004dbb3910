//! How often the list of all that waits for a block is asked for.

use coffer_domain::time::Span;

/// A list of so many ids is asked for with every look: it has less than 70 KB.
const FEW: usize = 1_000;
/// Of a longer one so many ids a second, which is 1 MB.
const IDS_PER_SECOND: usize = 15_000;
/// A node is kept busy by it for at most one part in so many of its time.
const PARTS_OF_TIME: i64 = 10;
/// Where the node announces what comes, so many times less.
const LESS_WHERE_ANNOUNCED: i64 = 4;
/// The longest time between two whole lists.
const LONGEST: Span = Span::from_seconds(30);

/// How long after a whole list the next is asked for: after one of `len` ids, which took so long to
/// be had, of a node that announces what comes or does not.
pub(super) fn pace(len: usize, took: Span, announces: bool) -> Span {
    if len <= FEW {
        return Span::ZERO;
    }
    let by_length = i64::try_from(len.saturating_mul(1_000) / IDS_PER_SECOND).unwrap_or(i64::MAX);
    let by_time = took.millis().saturating_mul(PARTS_OF_TIME);
    let times = if announces { LESS_WHERE_ANNOUNCED } else { 1 };
    Span::from_millis(by_length.max(by_time).saturating_mul(times)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_the_list_and_the_slower_the_node_the_less_often_it_is_asked() {
        let millis = |len, took, announces| pace(len, Span::from_millis(took), announces).millis();
        assert_eq!([millis(0, 0, false), millis(1_000, 900, true)], [0, 0]);
        assert_eq!([millis(1_500, 0, false), millis(1_500, 0, true)], [100, 400]);
        assert_eq!([millis(100_000, 20, false), millis(100_000, 20, true)], [6_666, 26_664]);
        assert_eq!([millis(2_000, 800, false), millis(2_000, 800, true)], [8_000, 30_000]);
        assert_eq!([millis(900_000, 0, false), millis(5_000, i64::MAX, true)], [30_000, 30_000]);
    }

    #[test]
    fn whole_lists_take_at_most_a_megabyte_a_second() {
        /// An id in JSON, with quotes and comma.
        const ID_BYTES: i64 = 67;
        for len in [1_001, 5_000, 100_000, 400_000] {
            let bytes = ID_BYTES * i64::try_from(len).unwrap();
            assert!(bytes * 1_000 / pace(len, Span::ZERO, false).millis() <= 1_100_000, "{len}");
        }
    }
}
