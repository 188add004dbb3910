//! Personal data: sealed under the customer's key, which is itself wrapped under the master key.

use coffer_domain::{
    id::{CustomerId, Id},
    payment_request::Sender,
    ports::Entropy,
};
use coffer_store::{
    customer::Customer,
    error::DbError,
    seal::{CustomerKey, SealError},
    tx::Tx,
};

use crate::{engine::Engine, error::EngineError};

/// What is known of a customer. Never logged.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Personal {
    /// Where receipts and refund offers go.
    pub email: Option<String>,
    /// Who pays.
    pub sender: Option<Sender>,
}

impl Personal {
    /// Whether there is nothing to keep.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.email.is_none() && self.sender.is_none()
    }

    /// As bytes: parts between NUL bytes, which no part may hold.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let email = self.email.as_deref().unwrap_or_default();
        let parts = match &self.sender {
            None => vec![email],
            Some(Sender::Natural { first_name, last_name, date_of_birth }) => {
                let born = date_of_birth.as_deref().unwrap_or_default();
                vec![email, "natural", first_name, last_name, born]
            }
            Some(Sender::Legal { legal_name, country_of_registration }) => {
                vec![email, "legal", legal_name, country_of_registration]
            }
        };
        parts.join("\0").into_bytes()
    }

    /// Reads [`to_bytes`](Self::to_bytes).
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let parts: Vec<&str> = text.split('\0').collect();
        let given = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        let (email, sender) = match parts.as_slice() {
            [email] => (email, None),
            [email, "natural", first, last, born] => {
                let sender = Sender::Natural {
                    first_name: (*first).to_owned(),
                    last_name: (*last).to_owned(),
                    date_of_birth: given(born),
                };
                (email, Some(sender))
            }
            [email, "legal", name, country] => {
                let sender = Sender::Legal {
                    legal_name: (*name).to_owned(),
                    country_of_registration: (*country).to_owned(),
                };
                (email, Some(sender))
            }
            _ => return None,
        };
        Some(Self { email: given(email), sender })
    }
}

impl From<SealError> for EngineError {
    fn from(error: SealError) -> Self {
        Self::Sealed(error.to_string())
    }
}

/// A customer whose key is at hand.
#[derive(Clone)]
pub(crate) struct OpenCustomer {
    pub(crate) id: CustomerId,
    pub(crate) key: CustomerKey,
}

impl Engine {
    /// Seals under the master key. `owner` is the id of the row it stands in.
    pub(crate) fn seal(&self, text: &[u8], owner: &[u8]) -> Vec<u8> {
        self.parts.keys.seal(text, owner, &*self.parts.entropy)
    }

    /// Opens what [`seal`](Self::seal) sealed.
    pub(crate) fn unseal(&self, sealed: &[u8], owner: &[u8]) -> Result<Vec<u8>, EngineError> {
        Ok(self.parts.keys.open(sealed, owner)?.to_vec())
    }

    /// A new customer with a key of his own, and how he is stored.
    pub(crate) fn new_customer(
        &self,
        id: CustomerId,
        entropy: &dyn Entropy,
    ) -> (OpenCustomer, Customer) {
        let key = self.parts.keys.new_customer_key(entropy);
        let wrapped_key = self.parts.keys.wrap(&key, &id.bytes(), entropy);
        (OpenCustomer { id, key }, Customer { id, wrapped_key })
    }

    /// A stored customer with his key opened.
    pub(crate) fn open_customer(&self, stored: &Customer) -> Result<OpenCustomer, EngineError> {
        let key = self.parts.keys.unwrap(&stored.wrapped_key, &stored.id.bytes())?;
        Ok(OpenCustomer { id: stored.id, key })
    }

    /// The customer of that id with his key opened, if he is known.
    pub(crate) async fn read_customer(
        &self,
        tx: &mut Tx<'_>,
        id: Option<CustomerId>,
    ) -> Result<Option<OpenCustomer>, EngineError> {
        let Some(id) = id else { return Ok(None) };
        let stored: Result<_, DbError> = tx.customer(id).await;
        stored?.map(|stored| self.open_customer(&stored)).transpose()
    }

    /// Seals a text that may hold personal data: under the customer's key where there is one.
    pub(crate) fn seal_for<K>(
        &self,
        customer: Option<&OpenCustomer>,
        text: &[u8],
        owner: Id<K>,
    ) -> Vec<u8> {
        self.seal_as(customer, text, &owner.bytes())
    }

    /// The same for a text that is not the only one of its row: `context` says which it is.
    pub(crate) fn seal_as(
        &self,
        customer: Option<&OpenCustomer>,
        text: &[u8],
        context: &[u8],
    ) -> Vec<u8> {
        match customer {
            Some(customer) => customer.key.seal(text, context, &*self.parts.entropy),
            None => self.seal(text, context),
        }
    }

    /// Opens what [`seal_for`](Self::seal_for) sealed.
    pub(crate) fn unseal_for<K>(
        &self,
        customer: Option<&OpenCustomer>,
        sealed: &[u8],
        owner: Id<K>,
    ) -> Result<Vec<u8>, EngineError> {
        self.unseal_as(customer, sealed, &owner.bytes())
    }

    /// Opens what [`seal_as`](Self::seal_as) sealed.
    pub(crate) fn unseal_as(
        &self,
        customer: Option<&OpenCustomer>,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Vec<u8>, EngineError> {
        match customer {
            Some(customer) => Ok(customer.key.open(sealed, context)?.to_vec()),
            None => self.unseal(sealed, context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_survives_its_stored_form() {
        let natural = Sender::Natural {
            first_name: "Ada".to_owned(),
            last_name: "Lovelace".to_owned(),
            date_of_birth: Some("1815-12-10".to_owned()),
        };
        let legal = Sender::Legal {
            legal_name: "Example GmbH".to_owned(),
            country_of_registration: "DEU".to_owned(),
        };
        for sender in [None, Some(natural), Some(legal)] {
            for email in [None, Some("guest@example.com".to_owned())] {
                let personal = Personal { email, sender: sender.clone() };
                assert!(Personal::from_bytes(&personal.to_bytes()) == Some(personal));
            }
        }
    }
}
