//! The program as its users meet it: one binary that runs the real `tesela`.

// `cfg(test)` always holds here; it tells clippy that helper functions are part of tests, too.
#[cfg(test)]
mod arrows;
#[cfg(test)]
mod assess;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod label;
#[cfg(test)]
mod nation;
#[cfg(test)]
mod network;
#[cfg(test)]
mod onnx;
#[cfg(test)]
mod predict;
#[cfg(test)]
mod prepare;
#[cfg(test)]
mod program;
#[cfg(test)]
mod report;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod table;
#[cfg(test)]
mod train;
