//! What the exchanges of a connection have in common.

use std::sync::{Arc, Mutex, PoisonError};

use http::Request;

use super::{
    activity::Activity, peer::PeerAddress, request_body::RequestBody, settings::Settings,
    stats::Counters, tls::ServerTls, upgrade::Then,
};
use crate::wire::RequestIncoming;

/// What is the same for all connections of a server.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) settings: Settings,
    pub(super) tls: Option<ServerTls>,
    pub(super) counters: Arc<Counters>,
}

/// A client that is here.
pub(super) struct Visit {
    pub(super) site: Arc<Site>,
    pub(super) peer: PeerAddress,
    pub(super) activity: Arc<Activity>,
    upgrade: Mutex<Option<Then>>,
}

impl Visit {
    pub(super) fn new(site: Arc<Site>, peer: PeerAddress) -> Self {
        Self {
            site,
            peer,
            activity: Arc::default(),
            upgrade: Mutex::new(None),
        }
    }

    pub(super) fn begin_request(&self) {
        self.activity.begin();
        self.site.counters.begin_request();
    }

    pub(super) fn end_request(&self) {
        self.activity.end();
        self.site.counters.end_request();
    }

    pub(super) fn fail_request(&self) {
        self.site.counters.fail();
    }

    pub(super) fn writes_access_log(&self) -> bool {
        self.site.settings.access_log
    }

    /// Whether the client says that more will come than is allowed.
    pub(super) fn is_too_large(&self, request: &Request<RequestIncoming>) -> bool {
        let length = request.body().size_hint().lower();
        let is_too_large = self
            .site
            .settings
            .body_limit
            .is_some_and(|limit| length > limit);
        if is_too_large {
            self.activity.leave_body();
        }
        is_too_large
    }

    pub(super) fn body(&self, body: RequestIncoming) -> RequestBody {
        let Settings {
            body_limit,
            stall_timeout,
            ..
        } = self.site.settings;
        RequestBody::new(body, &self.activity, body_limit, stall_timeout)
    }

    pub(super) fn set_upgrade(&self, then: Then) {
        *self.upgrade.lock().unwrap_or_else(PoisonError::into_inner) = Some(then);
    }

    pub(super) fn take_upgrade(&self) -> Option<Then> {
        self.upgrade
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
