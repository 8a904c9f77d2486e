//! httpbin.org on this machine, for tests and examples: what it answers to, and what it says, are as there, where it has the
//! same path.
//!
//! [`Httpbin`] is a server with a thread of its own, which stops when it is dropped; [`router`] is the same for a server that one
//! has.
//!
//! ```
//! use smolio_httpbin::Httpbin;
//! use std::{io::{Read, Write}, net::TcpStream};
//!
//! let httpbin = Httpbin::start()?;
//! let mut stream = TcpStream::connect(httpbin.address())?;
//! stream.write_all(b"GET /robots.txt HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
//! let mut answer = String::new();
//! stream.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! | path | what it answers |
//! |---|---|
//! | `/get`, `/post`, `/put`, `/patch`, `/delete`, `/anything` | what the request was: `args`, `headers`, `data`, `form`, `files`, `json`, `origin`, `url` |
//! | `/headers`, `/ip`, `/user-agent` | one part of that |
//! | `/echo` | the body that is posted, while it comes |
//! | `/status/{code}` | with that status, from 200 up to 999, known or not |
//! | `/flaky/{key}/{failures}` | 503 so many times, then 200, counted for each key; not in httpbin.org |
//! | `/delay/{seconds}` | like `/anything`, after a while; fractions are fine |
//! | `/redirect/{n}`, `/relative-redirect/{n}`, `/absolute-redirect/{n}` | so many redirects, then `/get` |
//! | `/redirect-to?url=&status_code=` | one to any place |
//! | `/stream/{n}` | lines of JSON |
//! | `/bytes/{n}?seed=`, `/stream-bytes/{n}?seed=&chunk_size=` | random bytes, the same for the same seed; with a length, or in chunks |
//! | `/range/{n}?break_after=` | letters, of which parts can be asked for, with an ETag; the server hangs up after so many in one answer, which is not in httpbin.org |
//! | `/drip?numbytes=&duration=&delay=&code=` | bytes, slowly |
//! | `/gzip`, `/deflate`, `/brotli`, `/zstd` | what the request was, compressed |
//! | `/cookies`, `/cookies/set?name=value`, `/cookies/delete?name` | cookies |
//! | `/basic-auth/{user}/{password}`, `/hidden-basic-auth/{user}/{password}`, `/bearer` | 200 for those who have the right to it |
//! | `/etag/{etag}`, `/cache`, `/cache/{seconds}` | 304 for those who have it already |
//! | `/response-headers?name=value` | with these headers |
//! | `/html`, `/json`, `/xml`, `/robots.txt`, `/encoding/utf8` | documents |
//! | `/links/{n}/{offset}` | a page with links to the other `n - 1` like it |
//! | `/sse?count=&delay=` | server-sent events |
//! | `/uuid`, `/base64/{value}` | a random UUID; what is encoded |

#![forbid(unsafe_code)]

mod access;
mod bytes;
mod caching;
mod compression;
mod cookies;
mod documents;
mod form;
mod inspection;
mod query;
mod redirects;
mod server;
mod slow;
mod status;

use axum::{Router, extract::DefaultBodyLimit};

pub use server::Httpbin;

/// The most that the server takes of a body.
const LARGEST_BODY: u64 = 256 * 1024 * 1024;

/// All paths, for a server of one's own, which sets the limit of what bodies may have.
pub fn router() -> Router {
    [
        access::routes(),
        bytes::routes(),
        caching::routes(),
        compression::routes(),
        cookies::routes(),
        documents::routes(),
        inspection::routes(),
        redirects::routes(),
        slow::routes(),
        status::routes(),
    ]
    .into_iter()
    .fold(Router::new(), Router::merge)
    .layer(DefaultBodyLimit::disable())
}
