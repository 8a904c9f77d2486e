//! `service_fn`: a function as an application, for those who need no router.

use std::{
    error::Error,
    fmt,
    future::Future,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::RequestBody;

/// Makes an application of a function from a request to a response.
///
/// ```
/// use http::{Request, Response};
/// use smolio_http::{Body, server::{RequestBody, service_fn}};
/// use std::convert::Infallible;
///
/// let app = service_fn(|request: Request<RequestBody>| async move {
///     let text = format!("you have asked for {}", request.uri().path());
///     Ok::<_, Infallible>(Response::new(Body::from(text)))
/// });
/// # fn any<A: tower_service::Service<Request<RequestBody>>>(_: A) {}
/// # any(app);
/// ```
pub fn service_fn<F, R, B, E>(f: F) -> ServiceFn<F>
where
    F: Fn(Request<RequestBody>) -> R,
    R: Future<Output = Result<Response<B>, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    ServiceFn(f)
}

/// The application that [`service_fn`] makes.
#[derive(Clone, Copy)]
pub struct ServiceFn<F>(F);

impl<F, R, B, E> Service<Request<RequestBody>> for ServiceFn<F>
where
    F: Fn(Request<RequestBody>) -> R,
    R: Future<Output = Result<Response<B>, E>>,
{
    type Response = Response<B>;
    type Error = E;
    type Future = R;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> R {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for ServiceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceFn").finish_non_exhaustive()
    }
}
