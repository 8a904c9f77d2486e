//! What none of the examples is about: what runs the sections of the guide.

pub mod guide;

pub use guide::Guide;
