//! Instants and durations, in milliseconds, handed in from outside.

/// An instant: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A length of time in milliseconds; may be negative as the difference of two instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Timestamp {
    /// The latest instant that can be said; stands for "never".
    pub const MAX: Self = Self(i64::MAX);

    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the Unix epoch, saturating at the ends of the range.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down, as the wire says them.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This instant moved by a span, saturating at the ends of the range.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant moved back by a span, saturating at the ends of the range.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this instant is; negative when it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds, saturating.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// From minutes, saturating.
    #[must_use]
    pub const fn from_minutes(minutes: i64) -> Self {
        Self(minutes.saturating_mul(60_000))
    }

    /// From hours, saturating.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self(hours.saturating_mul(3_600_000))
    }

    /// In milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// In whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Timestamp};

    #[test]
    fn seconds_are_rounded_down_also_before_1970() {
        assert_eq!(Timestamp::from_millis(1_999).seconds(), 1);
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
        assert_eq!(Timestamp::from_millis(-1_000).seconds(), -1);
        assert_eq!(Span::from_millis(-1).seconds(), -1);
        assert_eq!(Timestamp::from_seconds(7).millis(), 7_000);
    }

    #[test]
    fn instants_and_spans_add_up() {
        let start = Timestamp::from_seconds(1_700_000_000);
        let end = start.plus(Span::from_hours(1));
        assert_eq!(end.since(start), Span::from_minutes(60));
        assert_eq!(start.since(end), Span::from_seconds(-3_600));
        assert_eq!(end.minus(Span::from_millis(3_600_000)), start);
    }

    #[test]
    fn nothing_overflows_at_the_ends_of_the_range() {
        let (first, last) = (Timestamp::from_millis(i64::MIN), Timestamp::MAX);
        assert_eq!(last.plus(Span::from_hours(1)), last);
        assert_eq!(first.minus(Span::from_hours(1)), first);
        assert_eq!(last.since(first), Span::from_millis(i64::MAX));
        assert_eq!(first.since(last), Span::from_millis(i64::MIN));
        assert_eq!(Timestamp::from_seconds(i64::MAX), last);
        assert_eq!(Span::from_hours(i64::MAX), Span::from_millis(i64::MAX));
        assert_eq!(Span::from_minutes(i64::MIN), Span::from_millis(i64::MIN));
    }

    #[test]
    fn instants_are_ordered() {
        assert!(Timestamp::from_millis(-1) < Timestamp::default());
        assert!(Timestamp::from_seconds(1) < Timestamp::MAX);
        assert_eq!(Span::default(), Span::ZERO);
    }
}
