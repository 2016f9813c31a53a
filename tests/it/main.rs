//! The program as its users meet it: one binary that runs the real `tesela`.

mod arrows;
mod label;
mod prepare;
mod simulate;
mod train;
