//! Forms with files in them: `multipart/form-data`, RFC 7578.

use std::{borrow::Cow, io, path::PathBuf};

use bytes::Bytes;
use http::HeaderValue;

use super::random::random_bits;
use crate::body::Body;

/// A form whose fields may be files: for [`RequestBuilder::multipart`](crate::RequestBuilder::multipart).
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use smolio_http::{ClientSession, Multipart, Part};
///
/// let form = Multipart::new()
///     .text("title", "a red fox")
///     .part("picture", Part::file("fox.jpg").await?);
/// ClientSession::new().post("http://localhost/pictures").multipart(form).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[doc(alias = "FormData")]
#[must_use = "a form does nothing unless it is sent"]
pub struct Multipart {
    boundary: String,
    parts: Vec<(String, Part)>,
}

impl Multipart {
    /// Without fields.
    pub fn new() -> Self {
        // 128 random bits that nobody can foretell: no part has this in it, not even one made by somebody who would like it
        // to.
        let boundary = format!("{:016x}{:016x}", random_bits(), random_bits());
        Self {
            boundary,
            parts: Vec::new(),
        }
    }

    /// Adds a field that is a text.
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name, Part::text(value))
    }

    /// Adds a field.
    #[doc(alias = "add_field")]
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Self {
        self.parts.push((name.into(), part));
        self
    }

    /// What stands between the parts.
    #[must_use]
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    pub(super) fn content_type(&self) -> HeaderValue {
        HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary))
            .unwrap_or_else(|_| unreachable!("a boundary has hexadecimal digits only"))
    }

    /// All of it as a body. Its length is known when those of all parts are, and it can be sent again when all parts can.
    pub(crate) fn into_body(self) -> Body {
        let Self { boundary, parts } = self;
        let mut bodies = Vec::with_capacity(2 * parts.len() + 1);
        let mut before = "";
        for (name, part) in parts {
            let head = part.head(&name);
            bodies.push(Body::from(format!("{before}--{boundary}\r\n{head}\r\n")));
            bodies.push(part.body);
            before = "\r\n";
        }
        bodies.push(Body::from(format!("{before}--{boundary}--\r\n")));
        Body::chain(bodies)
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

/// A field of a [`Multipart`] form.
#[derive(Debug)]
#[must_use = "a part does nothing unless it is put into a form"]
pub struct Part {
    body: Body,
    file_name: Option<String>,
    content_type: Option<HeaderValue>,
}

impl Part {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::body(text.into())
    }

    /// Bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::body(bytes.into())
    }

    /// A file, under its own name, with the content type that this suggests.
    ///
    /// # Errors
    /// When it cannot be opened, or is a directory.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing but the open file is lost.
    pub async fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let guess = mime_guess::from_path(&path).first_raw();
        let guess = HeaderValue::from_static(guess.unwrap_or("application/octet-stream"));
        let file_name = path.file_name().unwrap_or_default();
        let file_name = file_name.to_string_lossy().into_owned();
        Ok(Self {
            file_name: Some(file_name),
            content_type: Some(guess),
            body: Body::file(path).await?,
        })
    }

    /// Any [`Body`]: of a stream, for one.
    pub fn body(body: impl Into<Body>) -> Self {
        Self {
            body: body.into(),
            file_name: None,
            content_type: None,
        }
    }

    /// Says that it is a file, and what its name is.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Says what it is.
    pub fn content_type(mut self, content_type: HeaderValue) -> Self {
        self.content_type = Some(content_type);
        self
    }

    /// The lines before the body. A content type is the only header whose value comes from outside, and as such has no line
    /// breaks.
    fn head(&self, name: &str) -> String {
        let mut head = format!("content-disposition: form-data; name=\"{}\"", escape(name));
        if let Some(file_name) = &self.file_name {
            head.push_str(&format!("; filename=\"{}\"", escape(file_name)));
        }
        head.push_str("\r\n");
        if let Some(content_type) = &self.content_type {
            let value = String::from_utf8_lossy(content_type.as_bytes());
            head.push_str(&format!("content-type: {value}\r\n"));
        }
        head
    }
}

/// A name in quotes, as browsers write it (WHATWG): what would end the quotes or the line is escaped, all else is UTF-8.
fn escape(name: &str) -> Cow<'_, str> {
    if !name.contains(['"', '\r', '\n']) {
        return name.into();
    }
    let escaped = name.replace('"', "%22");
    escaped.replace('\r', "%0D").replace('\n', "%0A").into()
}
