//! Large buffers on large pages.
//!
//! Growing a tree jumps about in tables of many megabytes; with pages of four kilobytes a good part of the
//! time goes into looking up addresses. Where the operating system does not offer larger pages, the buffer is
//! an ordinary one.

use std::fmt;

use bytemuck::Pod;

/// Numbers on large pages where there are any, zero at first.
pub(crate) struct Pages<T> {
    memory: Memory<T>,
    length: usize,
}

enum Memory<T> {
    Mapped(memmap2::MmapMut),
    Ordinary(Vec<T>),
}

/// Buffers of fewer bytes fit a large page or two: asking is not worth it.
const LARGE: usize = 1 << 22;

impl<T: Pod> Pages<T> {
    /// A buffer of `length` zeros.
    pub(crate) fn zeros(length: usize) -> Self {
        let memory = map::<T>(length)
            .map_or_else(|| Memory::Ordinary(vec![T::zeroed(); length]), Memory::Mapped);
        Self { memory, length }
    }

    /// The numbers.
    pub(crate) fn as_slice(&self) -> &[T] {
        match &self.memory {
            Memory::Mapped(map) => &bytemuck::cast_slice(map)[..self.length],
            Memory::Ordinary(numbers) => numbers,
        }
    }

    /// The numbers, to be changed.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match &mut self.memory {
            Memory::Mapped(map) => &mut bytemuck::cast_slice_mut(map)[..self.length],
            Memory::Ordinary(numbers) => numbers,
        }
    }
}

/// Memory for `length` numbers of which large pages were asked for; `None` where that is not to be had.
fn map<T>(length: usize) -> Option<memmap2::MmapMut> {
    let bytes = length.checked_mul(size_of::<T>())?;
    if bytes < LARGE {
        return None;
    }
    // Without a mapping an ordinary buffer does as well, only slower.
    let map = memmap2::MmapMut::map_anon(bytes).ok()?;
    #[cfg(target_os = "linux")]
    // A refusal leaves pages of the usual size.
    let _ = map.advise(memmap2::Advice::HugePage);
    Some(map)
}

impl<T: Pod> Default for Pages<T> {
    fn default() -> Self {
        Self::zeros(0)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pages of {} numbers", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_holds_what_is_written_on_either_kind_of_page() {
        for length in [0, 3, LARGE / size_of::<f32>() - 1, LARGE / size_of::<f32>() + 5] {
            let mut pages = Pages::<f32>::zeros(length);
            assert!(pages.as_slice().iter().all(|&value| value == 0.0));
            pages.as_mut_slice().fill(2.5);
            assert_eq!(pages.as_slice().len(), length);
            assert!(pages.as_slice().iter().all(|&value| value == 2.5));
        }
    }
}
