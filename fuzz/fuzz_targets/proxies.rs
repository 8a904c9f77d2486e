//! Any text as the settings of proxies: they are understood or refused, and what is excepted stays so.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smolio_http::{Proxies, fuzzing};

fuzz_target!(|input: &str| {
    let mut lines = input.lines();
    let address = lines.next().unwrap_or_default();
    let exceptions = lines.next().unwrap_or_default();
    let origin = lines.next().unwrap_or_default();
    let _ = Proxies::all(address);
    let proxies = Proxies::from_variables([("http_proxy", address), ("no_proxy", exceptions)]);
    fuzzing::proxy_for(&proxies, origin);

    let proxies = Proxies::all("http://proxy.test:3128").unwrap();
    let is_for_all = exceptions
        .split(',')
        .any(|exception| exception.trim() == "*");
    let excepted = proxies.clone().except(exceptions);
    let goes_by_proxy = fuzzing::proxy_for(&excepted, origin);
    assert!(!(is_for_all && goes_by_proxy == Some(true)));
    // An exception changes nothing for those that it is not about.
    let unrelated = proxies.except("nobody.invalid");
    if !origin.to_ascii_lowercase().contains("nobody.invalid") {
        let without = fuzzing::proxy_for(&unrelated, origin);
        assert_ne!(without, Some(false));
    }
});
