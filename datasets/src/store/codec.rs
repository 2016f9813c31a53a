//! One chunk as bytes: little-endian numbers, compressed with zstd.
//!
//! Each thread keeps its compressor and decompressor, which are worth more than the chunk that they work on.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

use super::layout::ZSTD_LEVEL;
use crate::patch::Samples;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Compresses `bytes`, with a checksum.
pub(super) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = if let Some(compressor) = slot {
            compressor
        } else {
            let mut fresh = Compressor::new(ZSTD_LEVEL)?;
            fresh.include_checksum(true)?;
            slot.insert(fresh)
        };
        compressor.compress(bytes)
    })
}

/// Expands `compressed` into exactly `into`.
pub(super) fn expand(compressed: &[u8], into: &mut [u8]) -> io::Result<()> {
    let expected = into.len();
    let found = DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new()?),
        };
        decompressor.decompress_to_buffer(compressed, into)
    })?;
    if found == expected {
        Ok(())
    } else {
        Err(io::Error::other(format!("a chunk has {found} bytes; expected {expected}")))
    }
}

/// The most bytes that `bytes` may take compressed.
pub(super) fn compressed_bound(bytes: usize) -> usize {
    zstd::zstd_safe::compress_bound(bytes) + 16
}

/// Compresses the numbers `start..start + count` of `samples`.
pub(super) fn compress_samples(
    samples: &Samples,
    start: usize,
    count: usize,
) -> io::Result<Vec<u8>> {
    let range = start..start + count;
    if let Samples::UInt8(values) = samples {
        return compress(&values[range]);
    }
    SCRATCH.with_borrow_mut(|bytes| {
        bytes.clear();
        bytes.resize(count * samples.sample_type().bytes(), 0);
        match samples {
            Samples::UInt8(_) => {}
            Samples::UInt16(values) => lay_out(&values[range], bytes, u16::to_le_bytes),
            Samples::Int16(values) => lay_out(&values[range], bytes, i16::to_le_bytes),
            Samples::Float32(values) => lay_out(&values[range], bytes, f32::to_le_bytes),
        }
        compress(bytes)
    })
}

/// Compresses rows of a table.
pub(super) fn compress_rows(values: &[f32]) -> io::Result<Vec<u8>> {
    SCRATCH.with_borrow_mut(|bytes| {
        bytes.clear();
        bytes.resize(size_of_val(values), 0);
        lay_out(values, bytes, f32::to_le_bytes);
        compress(bytes)
    })
}

/// Compresses a mask, one byte a pixel.
pub(super) fn compress_mask(used: &[bool]) -> io::Result<Vec<u8>> {
    SCRATCH.with_borrow_mut(|bytes| {
        bytes.clear();
        bytes.extend(used.iter().map(|&used| u8::from(used)));
        compress(bytes)
    })
}

/// Expands `compressed` into the numbers `into`, by way of their little-endian bytes.
pub(super) fn expand_numbers<T, const N: usize>(
    compressed: &[u8],
    into: &mut [T],
    from: impl Fn([u8; N]) -> T,
) -> io::Result<()> {
    SCRATCH.with_borrow_mut(|bytes| {
        bytes.clear();
        bytes.resize(into.len() * N, 0);
        expand(compressed, bytes)?;
        let (chunks, _) = bytes.as_chunks::<N>();
        for (to, &chunk) in into.iter_mut().zip(chunks) {
            *to = from(chunk);
        }
        Ok(())
    })
}

fn lay_out<T: Copy, const N: usize>(values: &[T], bytes: &mut [u8], to: fn(T) -> [u8; N]) {
    let (chunks, _) = bytes.as_chunks_mut::<N>();
    for (chunk, &value) in chunks.iter_mut().zip(values) {
        *chunk = to(value);
    }
}
