//! What is right by itself and all the same hardly meant.

use super::{Rates, Settings};

impl Settings {
    /// What somebody should know who runs these settings, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.rates == Rates::Fixed && !self.networks.allow_test {
            warnings.push(
                "live payments cannot be priced: rates.source is \"fixed\" (made-up prices); for \
                 real money set it to \"market\" (the sandbox needs neither)"
                    .to_owned(),
            );
        }
        let real = self.networks.real();
        if self.rates == Rates::Fixed && self.networks.allow_test && !real.is_empty() {
            warnings.push(format!(
                "live payments on {} go at made-up prices: rates.source is \"fixed\" and \
                 networks.allow_test is on; for real money set them to \"market\" and false",
                real.join(", ")
            ));
        }
        warnings
    }
}
