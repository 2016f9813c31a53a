//! `tesela train`, `compare` and `evaluate` on small made-up stores.

mod bad_input;
mod comparing;
mod events;
mod exporting;
mod interruption;
mod layers;
mod place;
mod regions;
mod schemes;
mod whole_runs;
