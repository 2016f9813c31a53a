//! The program as its users meet it: one binary that runs the real `tesela`.

mod arrows;
#[cfg(test)]
mod label;
mod prepare;
mod train;
