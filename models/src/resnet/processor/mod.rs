//! The residual network on the processor, by kernels of its own: everything but the dense layer.
//!
//! burn unfolds every window into memory. Here a window is read where it lies: an image has the channels of a pixel side
//! by side and a border of zeros, so that a row of a window is one run of numbers, and a convolution is [products] of
//! such runs with the filters, some pixels times some vectors of filters at a time. The way back is made of the same
//! products, with filters and planes changing places ([`plan`]), and of [slopes], the gradient of the weights.
//!
//! A batch norm has to see the whole batch before the next convolution can begin. So a batch goes through the network
//! unit by unit, a unit being a convolution with its norm: for each image, what the units before made of it is normed
//! and rectified, convolved, and summed for the next norm, all while it lies in the cache.
//!
//! Every sum has one order, whatever the width of the vectors and the number of threads.
//!
//! [products]: products::Products
//! [slopes]: slopes::Slopes

mod backward;
mod batch;
mod canvas;
mod filters;
mod forward;
mod norm;
mod plan;
mod products;
mod slopes;
mod sums;
mod sweeps;
mod trunk;
mod unit;
