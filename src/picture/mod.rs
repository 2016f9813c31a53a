//! Pictures: a canvas for rectangles, lines and text, the same pixels on every machine.

mod canvas;

pub use canvas::Picture;
pub(crate) use canvas::{Anchor, Area, Canvas, Colour, Pen, mix};
