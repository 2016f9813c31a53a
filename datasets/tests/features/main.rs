//! Channels and features against the reference, and the invariances that any input must show.

mod golden;
mod matrix;
mod patches;
mod properties;
