//! The hosted checkout: one card that says what to do now and that the money is safe.
//!
//! Pure: a [`CheckoutView`] in, a page out. The page works without a script; the script adds copy
//! buttons, a countdown, search, and changes as they happen. Its routes, all under
//! `/payment/{token}`, with `language=…` kept in the query where the customer chose one:
//!
//! | route | what it does |
//! | --- | --- |
//! | `GET` | the page; `?choose=1` shows the list of coins again while nothing was seen |
//! | `POST /proceed` | a form with `coin` and, where asked for, `email`; then 303 to the page |
//! | `POST /new-price` | a new price on the same address; then 303 to the page |
//! | `GET /state` | `{"state": …, "version": …}` with the version as entity tag |
//! | `GET /events` | live: event `change`, id the new version; `?after=` the page's version |
//! | `GET /accent.css` | [`accent_css`], where the shop has a colour |

mod accent;
mod assets;
mod clock;
mod colour;
mod mark;
mod page;
mod qr;
pub mod samples;
mod version;
mod view;

#[cfg(test)]
mod tests;

pub use accent::accent_css;
pub use assets::{ASSETS, Asset};
pub use view::{
    Cancelled, CheckoutState, CheckoutView, Choose, ChooseProblem, Coin, CoinChoice, Counts,
    EmailField, Expired, FailReason, Failed, Needed, Paid, PartPaid, Pay, Price, ReturnUrls, Seen,
    Shop, Transaction, Unavailable,
};

use askama::Template;

/// The page of a view: its HTTP status and its HTML.
#[must_use]
pub fn render(view: &CheckoutView) -> (u16, String) {
    let page = page::Page { view, t: view.language.text() };
    // Writing to a String does not fail, and no filter in the templates can.
    page.render().map_or((500, String::new()), |html| (view.state.status(), html))
}
