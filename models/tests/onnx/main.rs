//! Exported models in ONNX Runtime, against the classifiers that they were written from.

// `cfg(test)` always holds here; it tells clippy that helper functions are part of tests, too.
#[cfg(test)]
mod cells;
#[cfg(test)]
mod forests;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod runtime;
#[cfg(test)]
mod twins;
