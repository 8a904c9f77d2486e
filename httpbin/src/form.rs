//! Bodies that are forms, in either encoding. As much of `multipart/form-data` as clients send: parts with a name, some of them
//! with a file's name.

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use memchr::memmem;

use crate::inspection::text;

/// Names and values.
type Pairs = Vec<(String, String)>;

/// The fields and the files of a form, if the headers say that it is one.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Option<(Pairs, Pairs)> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    match kind.trim() {
        "application/x-www-form-urlencoded" => {
            let fields = url::form_urlencoded::parse(body).into_owned().collect();
            Some((fields, Pairs::new()))
        }
        "multipart/form-data" => Some(multipart(parameter(parameters, "boundary")?, body)),
        _ => None,
    }
}

/// What is no part is left out.
fn multipart(boundary: &str, body: &[u8]) -> (Pairs, Pairs) {
    let (mut fields, mut files) = (Pairs::new(), Pairs::new());
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line before it that it could end.
    let start = memmem::find(body, &delimiter.as_bytes()[2..]).unwrap_or(body.len());
    let mut rest = &body[start..];
    while let Some(line) = memmem::find(rest, b"\r\n") {
        rest = &rest[line..];
        let Some(end) = memmem::find(rest, delimiter.as_bytes()) else {
            break;
        };
        if let Some((name, file, content)) = part(&rest[2..end.max(2)]) {
            let pairs = if file { &mut files } else { &mut fields };
            pairs.push((name, content));
        }
        rest = &rest[end + delimiter.len()..];
    }
    (fields, files)
}

/// The name of a part, whether it is a file, and what it holds.
fn part(part: &[u8]) -> Option<(String, bool, String)> {
    let end = memmem::find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..end]);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let name = parameter(disposition, "name")?;
    let file = parameter(disposition, "filename").is_some();
    Some((name.to_owned(), file, text(&part[end + 4..])))
}

/// The value of `name=value` or `name="value"` among parameters with semicolons between them.
fn parameter<'t>(parameters: &'t str, wanted: &str) -> Option<&'t str> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == wanted).then(|| value.trim().trim_matches('"'))
    })
}
