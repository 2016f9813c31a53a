//! The examples of the pages' own tests, and what they take from the module around them.

pub(crate) use tesela::report::page::*;

#[path = "../../../src/report/page/examples/mod.rs"]
pub(crate) mod examples;
