//! Other people's crates on smolio's loop. The tests try each of them once, with a peer on loopback; the code of the page that
//! says what came of it, `docs/ecosystem.md`, is compiled as the documentation of this library.

#![cfg_attr(doctest, doc = include_str!("../../docs/ecosystem.md"))]
