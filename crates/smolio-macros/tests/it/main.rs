//! What the attributes make of a function, seen by running it; what they refuse is in tests/ui.

mod fake;
mod main_attribute;
mod test_attribute;
mod ui;
