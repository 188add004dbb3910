//! JSON-RPC of a node, strictly read.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use coffer_domain::ports::Clock;
use reqwest::{Client, StatusCode, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};

use super::{fault::Fault, settings::UtxoSettings};
use crate::{
    counters::Counters,
    http::Http,
    json_rpc::{self, Envelope, ErrorObject},
    label::Label,
};

/// A node's JSON-RPC.
pub(super) struct Rpc {
    pub(super) http: Http,
    url: Url,
    access: Access,
    next_id: AtomicU64,
}

/// How the node knows us.
enum Access {
    /// By user and password.
    Password(String, String),
    /// By what stands in a file that the node writes anew at each start; what was last read of it.
    Cookie(PathBuf, Mutex<Option<(String, String)>>),
    /// Not at all.
    Open,
}

impl Rpc {
    /// The node at `url`, the `number`th of its network, counted from 1.
    pub(super) fn new(
        client: Client,
        mut url: Url,
        number: usize,
        settings: &UtxoSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let label = Label::new(&url, number);
        let user = decoded(url.username());
        let password = decoded(url.password().unwrap_or_default());
        let access = match &settings.cookie_file {
            _ if !user.is_empty() => Access::Password(user, password),
            Some(file) => Access::Cookie(file.clone(), Mutex::default()),
            None => Access::Open,
        };
        // Fails only for addresses without a host, which were refused before.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let counters = Counters::new(settings.network, number);
        let http = Http::new(client, label, counters, settings.bounds(), clock);
        Self { http, url, access, next_id: AtomicU64::new(1) }
    }

    /// Calls a method. `T` is the expected result; an `Option` where null is an answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, Fault> {
        self.call_in_place(method, params, |result| self.read(method, result)).await
    }

    /// Calls a method and reads the result where it lies, which may be large.
    pub(super) async fn call_in_place<T>(
        &self,
        method: &'static str,
        params: Value,
        read: impl FnOnce(&RawValue) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "1.0", "id": id, "method": method, "params": params });
        let (status, bytes) = self.post(&body).await?;
        let envelope = serde_json::from_slice::<Envelope<'_>>(&bytes);
        let envelope = envelope.map_err(|_| unreadable(method, status))?;
        if let Some(error) = envelope.error {
            return Err(self.refused(method, &error));
        }
        if envelope.id != Some(id) {
            return Err(Fault::Nonsense(format!("{method}: the answer is to another question")));
        }
        read(envelope.result.ok_or_else(|| unreadable(method, status))?)
    }

    /// Calls a method once for each of the parameters, in one request; the results in their order,
    /// read where they lie.
    pub(super) async fn call_each<T>(
        &self,
        method: &'static str,
        params: Vec<Value>,
        read: impl Fn(&RawValue) -> Result<T, Fault>,
    ) -> Result<Vec<Result<T, Fault>>, Fault> {
        let first = self.next_id.fetch_add(params.len() as u64, Ordering::Relaxed);
        let calls = params.into_iter().zip(first..).map(|(params, id)| {
            json!({ "jsonrpc": "1.0", "id": id, "method": method, "params": params })
        });
        let calls = Value::Array(calls.collect());
        let wanted = calls.as_array().map_or(0, Vec::len) as u64;
        let (status, bytes) = self.post(&calls).await?;
        let envelopes = serde_json::from_slice::<Vec<Envelope<'_>>>(&bytes);
        let envelopes = envelopes.map_err(|_| unreadable(method, status))?;
        let mut by_id = HashMap::new();
        for envelope in envelopes {
            by_id.insert(envelope.id.unwrap_or_default(), envelope);
        }
        let results = (first..first + wanted).map(|id| {
            let missing = || Fault::Nonsense(format!("{method}: an answer is missing"));
            Ok(match by_id.remove(&id).ok_or_else(missing)? {
                Envelope { error: Some(error), .. } => Err(self.refused(method, &error)),
                Envelope { result, .. } => read(result.ok_or_else(missing)?),
            })
        });
        results.collect()
    }

    /// Reads a result.
    pub(super) fn read<'a, T: Deserialize<'a>>(
        &self,
        method: &str,
        result: &'a RawValue,
    ) -> Result<T, Fault> {
        json_rpc::read(method, result, &self.http.label).map_err(Fault::Nonsense)
    }

    fn refused(&self, method: &str, error: &ErrorObject) -> Fault {
        let shown = error.shown(method, &self.http.label);
        Fault::of_error(error.code, &error.message, shown)
    }

    async fn post(&self, body: &Value) -> Result<(StatusCode, Vec<u8>), Fault> {
        let (status, bytes) = self.post_once(body).await?;
        let again = status == StatusCode::UNAUTHORIZED && self.forget_cookie();
        let (status, bytes) = if again { self.post_once(body).await? } else { (status, bytes) };
        match status {
            StatusCode::UNAUTHORIZED => {
                Err(Fault::NoAccess("does not accept user and password (HTTP 401)".to_owned()))
            }
            StatusCode::FORBIDDEN => Err(Fault::NoAccess(
                "does not serve this machine (HTTP 403): see its rpcallowip".to_owned(),
            )),
            _ => Ok((status, bytes)),
        }
    }

    async fn post_once(&self, body: &Value) -> Result<(StatusCode, Vec<u8>), Fault> {
        let request = self.http.client.post(self.url.clone()).json(body);
        let request = match self.credentials()? {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        Ok(self.http.send(request).await?)
    }

    fn credentials(&self) -> Result<Option<(String, String)>, Fault> {
        let (file, kept) = match &self.access {
            Access::Open => return Ok(None),
            Access::Password(user, password) => {
                return Ok(Some((user.clone(), password.clone())));
            }
            Access::Cookie(file, kept) => (file, kept),
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            let cannot = |what: &str| Fault::NoAccess(format!("its cookie file {what}"));
            let text = fs::read_to_string(file).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => cannot("is not there: the node may be down"),
                _ => cannot("cannot be read"),
            })?;
            let (user, password) = text.trim().split_once(':').ok_or_else(|| cannot("is empty"))?;
            *kept = Some((user.to_owned(), password.to_owned()));
        }
        Ok(kept.clone())
    }

    /// Makes the cookie file be read again; whether there is one.
    fn forget_cookie(&self) -> bool {
        let Access::Cookie(_, kept) = &self.access else { return false };
        kept.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}

fn unreadable(method: &str, status: StatusCode) -> Fault {
    match status.is_success() {
        true => Fault::Nonsense(format!("{method}: the answer is not JSON-RPC")),
        false => Fault::Unreachable(format!("HTTP {}", status.as_u16())),
    }
}

/// User and password stand percent-encoded in an address.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn a_password_may_hold_any_character() {
        for (written, meant) in
            [("plain", "plain"), ("p%40ss%3aw+rd", "p@ss:w+rd"), ("50%", "50%"), ("%zz", "%zz")]
        {
            assert_eq!(decoded(written), meant);
        }
    }
}
