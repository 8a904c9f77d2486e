//! The query of an address as httpbin shows it: a name that comes several times has a list of values.

use axum::http::Uri;
use serde_json::{Map, Value};

/// Names and values, in the order in which they stand there.
pub(crate) fn pairs(address: &Uri) -> Vec<(String, String)> {
    let query = address.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// The same as JSON.
pub(crate) fn object(pairs: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in pairs {
        match object.get_mut(&name) {
            None => {
                object.insert(name, value.into());
            }
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::from(vec![first.take(), value.into()]),
        }
    }
    object
}
