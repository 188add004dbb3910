//! A payment request: what the merchant asked for, what the customer was quoted, what the chains
//! say has arrived, and the stage that follows from it.
//!
//! [`PaymentRequest`] is loaded, given a decision ([`PaymentRequest::proceed`] and its like) or
//! [`Fact`]s, and stored again with the [`Effect`]s in one transaction. For every step of a chain's
//! cursor the order is: each [`Fact::Transfer`] of the step, which is only noted, then one
//! [`Fact::Watermark`], which decides. So everything between two watermarks is a set: order and
//! repetition cannot be told from the outcome. `docs/stages.md` draws the machine.

mod effect;
mod fact;
mod new;
mod policy;
mod quote;
mod settle;
mod stage;
mod tally;
mod tracked;
mod window;

pub use effect::{CaseKind, Effect, OpenedCase};
pub use fact::Fact;
pub use new::{Lifetime, NewPaymentRequest, PaymentCurrency, Sender};
pub use policy::{LatePolicy, PaidWhen, Policy, RateSide, Tolerance};
pub use quote::{Needed, Quote};
pub use stage::{Actor, Opening, PaymentRequest, Refused, Stage};
pub use tracked::{Confirmed, Settled, Told, TrackedTransfer};
pub use window::BLIND_MARGIN;

#[cfg(test)]
mod tests;
