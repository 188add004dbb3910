//! Links out of the page: to the shop, its contact, its terms.

use super::Page;
use crate::{
    checkout::view::CheckoutState,
    text::{Filled, Html, Phrase},
};

impl Page<'_> {
    /// The shop's contact as a link; its bare text where it is neither a mail address nor a URL.
    pub(super) fn support(&self) -> Option<Html> {
        let support = self.view.shop.support.as_deref()?;
        let shown = support.strip_prefix("https://").unwrap_or(support);
        let target = match web_link(support) {
            Some(url) => url.to_owned(),
            None if support.contains('@') => format!("mailto:{support}"),
            None => return Some(Html::text(support)),
        };
        Some(anchor(&target, shown))
    }

    pub(super) fn help(&self) -> Option<Filled> {
        let help = self.t.help.with("shop", &self.view.shop.name);
        self.support().map(|support| help.html("support", support))
    }

    /// What to do about money that went wrong.
    pub(super) fn ask_shop(&self) -> Html {
        let asked = match self.support() {
            Some(support) => self.t.ask_shop.html("support", support),
            None => self.t.ask_shop_plain.with("shop", &self.view.shop.name),
        };
        Html::trusted(asked.to_string())
    }

    pub(super) fn consent(&self) -> Option<Html> {
        let shop = &self.view.shop;
        let link = |url: &Option<String>, text: Phrase| {
            url.as_deref().and_then(web_link).map(|url| anchor(url, text.raw()))
        };
        let terms = link(&shop.terms_url, self.t.terms);
        let privacy = link(&shop.privacy_url, self.t.privacy);
        let terms = terms.map(|terms| {
            self.t.consent_terms.html("terms", terms).with("shop", &shop.name).to_string()
        });
        let privacy = privacy.map(|link| self.t.consent_privacy.html("privacy", link).to_string());
        let sentences: Vec<_> = terms.into_iter().chain(privacy).collect();
        (!sentences.is_empty()).then(|| Html::trusted(sentences.join(" ")))
    }

    /// The way back to the shop that fits the state.
    pub(super) fn way_back(&self) -> Option<&str> {
        let urls = &self.view.urls;
        let first = match self.view.state {
            CheckoutState::Paid(_) => &urls.success,
            CheckoutState::Failed(_) | CheckoutState::Expired(_) | CheckoutState::Restricted => {
                &urls.failed
            }
            _ => &urls.store,
        };
        first.as_deref().or(urls.store.as_deref()).and_then(web_link)
    }

    /// Whether going back is the one thing to do, so that it gets the button.
    pub(super) fn back_is_first(&self) -> bool {
        use CheckoutState as State;
        !matches!(
            self.view.state,
            State::Choose(_) | State::Pay(_) | State::PartPaid(_) | State::NotFound
        )
    }
}

/// The URL, if a browser would leave for a web page by it.
fn web_link(url: &str) -> Option<&str> {
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

fn anchor(target: &str, shown: &str) -> Html {
    let (target, shown) = (Html::text(target), Html::text(shown));
    Html::trusted(format!("<a href=\"{target}\" rel=\"noreferrer\">{shown}</a>"))
}

#[cfg(test)]
mod tests {
    use super::{anchor, web_link};

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(web_link("javascript:alert(1)"), None);
        assert_eq!(web_link("https://shop.example"), Some("https://shop.example"));
        assert!(!anchor("https://x/\"><b>", "<i>").as_str().contains("<b>"));
    }
}
