//! `tesela train`, `compare` and `evaluate` on small made-up stores.

mod bad_input;
mod events;
mod interruption;
mod layers;
mod place;
mod whole_runs;
