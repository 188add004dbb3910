//! Payment requests on the wire: what a merchant sends to create one (spec 4.1), and how one is
//! shown in answers (spec 4.2, and Coffer's own get and list).

mod amount;
mod coin;
mod country;
mod create;
mod email;
mod lifetime;
mod list;
mod schema;
mod sender;
mod simulate;
mod text;
mod view;

pub use create::{CreateContext, foreign_id_of, parse_create};
pub use email::is_email;
pub(crate) use list::list_limit;
pub use list::{ListQuery, MAX_LIMIT, render_list};
pub use schema::{
    CreateBody, PaymentRequestAnswer, PaymentRequestPage, PaymentRequestSchema, SenderBody,
    SimulateBody,
};
pub use simulate::{SimulatedPayment, coin_not_chosen, parse_simulate};
pub use view::{
    AddressView, BehindView, CaseView, CurrencySentView, CurrencyView, DetailView, FinalityView,
    QuoteView, RequestView, Status, TransactionView, render_created, render_request,
};
