//! The body of "simulate a payment", for sandbox keys.

use utoipa::ToSchema;

use crate::{
    error::{BodyRefused, FieldErrors},
    json::{Value, read_object},
};

/// What the sandbox's customer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SimulatedPayment {
    /// Pays what is asked for.
    Exact,
    /// Pays too little, and the window ends.
    Under,
    /// Pays too much.
    Over,
    /// Pays after the window has ended.
    Late,
    /// Pays, and takes it back before it is in a block.
    DoubleSpend,
    /// Pays, and the block is reorganised away and the payment mined again.
    Reorg,
    /// Sends another token to the address.
    WrongToken,
}

impl SimulatedPayment {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Exact,
        Self::Under,
        Self::Over,
        Self::Late,
        Self::DoubleSpend,
        Self::Reorg,
        Self::WrongToken,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Under => "under",
            Self::Over => "over",
            Self::Late => "late",
            Self::DoubleSpend => "double_spend",
            Self::Reorg => "reorg",
            Self::WrongToken => "wrong_token",
        }
    }
}

/// Reads `{"payment":"exact"}`.
///
/// # Errors
/// [`BodyRefused`] when the body is not JSON or names no payment that can be simulated.
pub fn parse_simulate(body: &[u8]) -> Result<SimulatedPayment, BodyRefused> {
    let body = read_object(body)?;
    let Some(value) = body.get("payment") else {
        let mut errors = FieldErrors::default();
        errors.required("payment");
        return Err(BodyRefused::Fields(errors));
    };
    let named = match value {
        Value::Text(text) => {
            SimulatedPayment::ALL.into_iter().find(|payment| payment.as_str() == text)
        }
        _ => None,
    };
    named.ok_or_else(|| {
        let names = SimulatedPayment::ALL.map(SimulatedPayment::as_str).join(", ");
        let sentence = format!("{} is not one of {names}.", value.shown());
        BodyRefused::Fields(FieldErrors::one("payment", sentence))
    })
}

/// The refusal for a request whose customer has not chosen a coin yet.
#[must_use]
pub fn coin_not_chosen() -> FieldErrors {
    let sentence = "The request has no coin yet: proceed with one on its page, or create it with \
                    payment_currency.iso and payment_currency.network_name.";
    FieldErrors::one("payment_currency", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_payment_has_a_name() {
        for payment in SimulatedPayment::ALL {
            let body = format!(r#"{{"payment":"{}"}}"#, payment.as_str());
            assert_eq!(parse_simulate(body.as_bytes()), Ok(payment));
        }
    }

    #[test]
    fn others_are_refused_by_name() {
        for (body, sentence) in [
            ("{}", "The payment field is required."),
            (
                r#"{"payment":"all"}"#,
                "\"all\" is not one of exact, under, over, late, double_spend, reorg, wrong_token.",
            ),
            (
                r#"{"payment":1}"#,
                "1 is not one of exact, under, over, late, double_spend, reorg, wrong_token.",
            ),
        ] {
            let BodyRefused::Fields(errors) = parse_simulate(body.as_bytes()).unwrap_err() else {
                panic!("not about a field: {body}");
            };
            assert_eq!(errors.get("payment"), Some(sentence));
        }
        assert!(matches!(parse_simulate(b""), Err(BodyRefused::Content(_))));
    }
}
