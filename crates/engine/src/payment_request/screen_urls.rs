//! Whether the hosts of a new request's URLs may be used.

use coffer_domain::{
    merchant_url::{MerchantUrl, Screening},
    payment_request::NewPaymentRequest,
};
use coffer_store::{error::DbError, tx::Tx};
use coffer_wire::error::FieldErrors;

use crate::engine::Engine;

/// The host of a URL that is not known to be clean, with the field that names it.
pub(super) struct Doubt {
    field: &'static str,
    host: String,
    verdict: Screening,
}

impl Engine {
    /// Asks the screen, if there is one, about every URL of a request; what it calls clean is not
    /// spoken of again.
    pub(super) async fn screen_urls(&self, new: &NewPaymentRequest) -> Vec<Doubt> {
        let urls: [(&'static str, &Option<MerchantUrl>); 3] = [
            ("url_store", &new.url_store),
            ("url_success", &new.url_success),
            ("url_failed", &new.url_failed),
        ];
        let mut doubts = Vec::new();
        for (field, url) in urls {
            let (Some(url), Some(screen)) = (url, &self.parts.url_screen) else { continue };
            let verdict = screen.screen(url).await;
            if verdict != Screening::Clean {
                doubts.push(Doubt { field, host: url.host.clone(), verdict });
            }
        }
        doubts
    }

    /// What is wrong with the URLs. Of a host that the screen does not know, an earlier verdict
    /// counts; without one the settings decide.
    pub(super) async fn doubted_urls(
        &self,
        tx: &mut Tx<'_>,
        doubts: &[Doubt],
    ) -> Result<FieldErrors, DbError> {
        let mut errors = FieldErrors::default();
        for Doubt { field, host, verdict } in doubts {
            let verdict = match verdict {
                Screening::Unknown => &tx.screened_host(host).await?,
                known => known,
            };
            match verdict {
                Screening::Clean => {}
                Screening::Listed(reason) => {
                    errors.add(*field, format!("{host} is refused by screening: {reason}."));
                }
                Screening::Unknown if self.settings().unknown_urls_allowed => {}
                Screening::Unknown => errors.add(
                    *field,
                    format!("{host} has not been screened yet; try again in a minute."),
                ),
            }
        }
        Ok(errors)
    }
}
