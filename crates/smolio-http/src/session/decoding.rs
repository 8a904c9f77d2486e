//! Bodies that come compressed, and what they decompress to.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_compression::{
    futures::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder},
    zstd::DParameter,
};
use bytes::Bytes;
use futures_core::Stream;
use futures_io::{AsyncBufRead, AsyncRead};
use http::{HeaderMap, header};
use smolio_context::{poll_budget, spend_budget};

use super::chunk_reader::ChunkReader;
use crate::{
    error::{BodyError, BodyErrorKind},
    transport::IncomingBody,
};

/// As much as is decompressed at once.
const PIECE: usize = 16 * 1024;
/// RFC 9659: what a decoder of zstd in HTTP must be able to look back, and need not more. As a power of two.
const ZSTD_WINDOW: u32 = 23;
/// How a stream of brotli begins that has a window of up to a gigabyte. RFC 7932 has no such windows, and our decoder has: it
/// would hold all of it in memory.
const LARGE_BROTLI: u8 = 0b001_0001;
const LARGE_BROTLI_MASK: u8 = 0b111_1111;

/// A compression that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    /// What is asked for.
    pub(super) const ACCEPTED: &str = "gzip, deflate, br, zstd";

    /// What the headers say. None if they say nothing, something unknown, or several at once: then the body is left as it is.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let value = values.next()?.to_str().ok()?.trim();
        if values.next().is_some() {
            return None;
        }
        let is = |name| value.eq_ignore_ascii_case(name);
        if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("deflate") {
            Some(Self::Deflate)
        } else if is("br") {
            Some(Self::Brotli)
        } else if is("zstd") {
            Some(Self::Zstd)
        } else {
            None
        }
    }
}

/// The body of a response, as it comes or decompressed.
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and a box for it would be an allocation for each response"
)]
#[derive(Debug)]
pub(super) enum ResponseBody {
    Raw(IncomingBody),
    Decoded(Box<Decoded>),
}

impl ResponseBody {
    /// Decompresses a body if the headers say that it is compressed, and takes out of them what is not true any more then.
    pub(super) fn decoded(headers: &mut HeaderMap, body: IncomingBody, limit: u64) -> Self {
        use http_body::Body;
        match Encoding::of(headers) {
            Some(encoding) if !body.is_end_stream() => {
                headers.remove(header::CONTENT_ENCODING);
                headers.remove(header::CONTENT_LENGTH);
                let coded = Coded::new(body);
                Self::Decoded(Box::new(Decoded {
                    state: State::Start(Some(coded), encoding),
                    buffer: Vec::new(),
                    left: limit,
                    limit,
                }))
            }
            _ => Self::Raw(body),
        }
    }
}

impl ResponseBody {
    /// Whether it is known that nothing comes, whatever the headers say of the body that another request would get.
    pub(super) fn is_end(&self) -> bool {
        match self {
            Self::Raw(body) => http_body::Body::is_end_stream(body),
            Self::Decoded(_) => false,
        }
    }
}

impl Stream for ResponseBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.get_mut() {
            Self::Raw(body) => Pin::new(body).poll_next(cx),
            Self::Decoded(decoded) => decoded.poll_next(cx),
        }
    }
}

/// A body that is decompressed as it comes.
#[derive(Debug)]
pub(super) struct Decoded {
    state: State,
    buffer: Vec<u8>,
    /// How much may still come out.
    left: u64,
    limit: u64,
}

#[allow(clippy::large_enum_variant, reason = "it is in a box already")]
enum State {
    /// Nothing has come yet. What the headers say is compressed may be nothing at all.
    Start(Option<Coded>, Encoding),
    Decoding(Box<dyn Decoder>),
    /// All has been decompressed, and nothing may follow.
    Tail(Box<dyn Decoder>),
    /// It is over, by the end or by an error.
    Ended,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start(..) => "Start",
            Self::Decoding(_) => "Decoding",
            Self::Tail(_) => "Tail",
            Self::Ended => "Ended",
        })
    }
}

impl Decoded {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        match ready!(self.poll_piece(cx)) {
            Ok(Some(piece)) => Poll::Ready(Some(Ok(piece))),
            Ok(None) => {
                self.state = State::Ended;
                Poll::Ready(None)
            }
            Err(error) => {
                self.state = State::Ended;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        loop {
            match &mut self.state {
                State::Start(coded, encoding) => {
                    let Some(input) = coded else {
                        return Poll::Ready(Ok(None));
                    };
                    let first = ready!(Pin::new(input).poll_fill_buf(cx)).map_err(body_error)?;
                    let (Some(first), Some(coded)) = (first.first().copied(), coded.take()) else {
                        return Poll::Ready(Ok(None));
                    };
                    self.state = State::Decoding(decoder(*encoding, coded, first)?);
                }
                State::Decoding(decoder) => {
                    // A little that has come may be much to decompress.
                    ready!(poll_budget(cx));
                    self.buffer.resize(PIECE, 0);
                    let read = Pin::new(&mut **decoder).poll_read(cx, &mut self.buffer);
                    let count = ready!(read).map_err(body_error)?;
                    if count > 0 {
                        spend_budget();
                        return Poll::Ready(self.piece(count).map(Some));
                    }
                    if let State::Decoding(decoder) =
                        std::mem::replace(&mut self.state, State::Ended)
                    {
                        self.state = State::Tail(decoder);
                    }
                }
                State::Tail(decoder) => {
                    let rest = Pin::new(decoder.input()).poll_fill_buf(cx);
                    let rest = ready!(rest).map_err(body_error)?;
                    return Poll::Ready(if rest.is_empty() {
                        Ok(None)
                    } else {
                        let error = BodyError::new(BodyErrorKind::Decompression);
                        Err(error.because("there is more after the end of what is compressed"))
                    });
                }
                State::Ended => return Poll::Ready(Ok(None)),
            }
        }
    }

    /// What has come out, if it is not too much.
    fn piece(&mut self, count: usize) -> Result<Bytes, BodyError> {
        match self.left.checked_sub(count as u64) {
            Some(left) => {
                self.left = left;
                Ok(Bytes::copy_from_slice(&self.buffer[..count]))
            }
            None => {
                let limit = self.limit;
                Err(BodyError::new(BodyErrorKind::TooLarge { limit }))
            }
        }
    }
}

/// What the decoders read. The errors of the body go through them.
type Coded = ChunkReader<IncomingBody>;

/// What reads compressed bytes, and is read from.
trait Decoder: AsyncRead + Unpin + Send {
    fn input(&mut self) -> &mut Coded;
}

macro_rules! decoders {
    ($($decoder:ident),*) => {
        $(
            impl Decoder for $decoder<Coded> {
                fn input(&mut self) -> &mut Coded {
                    self.get_mut()
                }
            }
        )*
    };
}

decoders!(
    GzipDecoder,
    ZlibDecoder,
    DeflateDecoder,
    BrotliDecoder,
    ZstdDecoder
);

fn decoder(encoding: Encoding, coded: Coded, first: u8) -> Result<Box<dyn Decoder>, BodyError> {
    Ok(match encoding {
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(coded);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
        // The standard wants a zlib stream, and some servers leave its frame out. Its first byte has an 8 here, which
        // the first byte of a bare stream cannot have.
        Encoding::Deflate if first & 0x0f == 8 => Box::new(ZlibDecoder::new(coded)),
        Encoding::Deflate => Box::new(DeflateDecoder::new(coded)),
        Encoding::Brotli if first & LARGE_BROTLI_MASK == LARGE_BROTLI => {
            let error = BodyError::new(BodyErrorKind::Decompression);
            return Err(error.because("the window is larger than it may be in HTTP"));
        }
        Encoding::Brotli => Box::new(BrotliDecoder::new(coded)),
        Encoding::Zstd => {
            let window = [DParameter::window_log_max(ZSTD_WINDOW)];
            let mut decoder = ZstdDecoder::with_params(coded, &window);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
    })
}

/// What a decoder says is its own, or comes from the body.
fn body_error(error: io::Error) -> BodyError {
    match error.downcast::<BodyError>() {
        Ok(error) => error,
        Err(error) => BodyError::new(BodyErrorKind::Decompression).because(error),
    }
}
