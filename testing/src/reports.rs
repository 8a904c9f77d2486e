//! What reaches the unhandled hook, for tests that run at the same time: each looks for its own words.

use std::sync::{Arc, Mutex, OnceLock};

use smolio_context::{Unhandled, set_unhandled_hook};

static REPORTS: OnceLock<Arc<Mutex<Vec<String>>>> = OnceLock::new();

fn reports() -> &'static Mutex<Vec<String>> {
    REPORTS.get_or_init(|| {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let kept = reports.clone();
        set_unhandled_hook(Some(Arc::new(move |unhandled: &Unhandled| {
            kept.lock().unwrap().push(unhandled.to_string());
        })));
        reports
    })
}

/// From now on reports are kept.
pub fn listen() {
    reports();
}

/// The reports with this word in them.
pub fn with(word: &str) -> Vec<String> {
    let reports = reports().lock().unwrap();
    let with = reports.iter().filter(|report| report.contains(word));
    with.cloned().collect()
}
