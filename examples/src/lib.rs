//! Empty: cargo wants a package to have a library or a program, and this one is about its examples.
