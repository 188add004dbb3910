//! What was measured: how many answers, in what time, and how long each took.

use std::time::Duration;

/// Answers of one or more measurements.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    /// Microseconds of each answer.
    micros: Vec<u32>,
    /// Answers a second of each measurement.
    rates: Vec<u64>,
    answers: u64,
    measured: Duration,
}

impl Sample {
    /// One measurement.
    pub(super) fn new(mut micros: Vec<u32>, measured: Duration) -> Self {
        micros.sort_unstable();
        let answers = u64::try_from(micros.len()).unwrap_or(u64::MAX);
        Self { rates: vec![per_second(answers, measured)], micros, answers, measured }
    }

    /// Adds a later measurement of the same.
    pub(super) fn add(&mut self, later: Self) {
        self.micros.extend(later.micros);
        self.micros.sort_unstable();
        self.rates.extend(later.rates);
        self.answers += later.answers;
        self.measured += later.measured;
    }

    /// Answers a second over all measurements.
    pub(super) fn per_second(&self) -> u64 {
        per_second(self.answers, self.measured)
    }

    /// Answers a second of each measurement.
    pub(super) fn rates(&self) -> &[u64] {
        &self.rates
    }

    /// The time within which `share` of 1,000 answers came, in microseconds (nearest rank).
    pub(super) fn micros_of(&self, share: usize) -> u32 {
        let rank = (self.micros.len() * share).div_ceil(1_000);
        self.micros.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

fn per_second(answers: u64, measured: Duration) -> u64 {
    let millis = u64::try_from(measured.as_millis()).unwrap_or(u64::MAX).max(1);
    answers.saturating_mul(1_000) / millis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let sample = Sample::new((1..=1_000).rev().collect(), Duration::from_secs(2));
        assert_eq!(
            [500, 990, 999, 1_000].map(|share| sample.micros_of(share)),
            [500, 990, 999, 1_000]
        );
        assert_eq!(sample.per_second(), 500);
        assert_eq!(Sample::default().micros_of(500), 0);
    }

    #[test]
    fn measurements_add_up_and_stay_apart() {
        let mut sample = Sample::new(vec![3, 1], Duration::from_secs(1));
        sample.add(Sample::new(vec![2, 4], Duration::from_secs(3)));
        assert_eq!((sample.per_second(), sample.rates()), (1, [2, 0].as_slice()));
        assert_eq!(sample.micros_of(1_000), 4);
    }
}
