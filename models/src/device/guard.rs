//! The guard: what fails on a device becomes an error.
//!
//! Most failures of a graphics processor (no memory left, a lost device) show when numbers are read back; who reads
//! calls [`fail`], which unwinds to [`guarded`]. Others are panics of the libraries that speak to devices: those are
//! caught, too, and kept off the screen. A panic of any other code is a mistake of our own, and goes on.

use std::panic::{
    AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind, set_hook, take_hook,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// What a device said when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceFailure {
    /// In one line.
    pub(crate) reason: String,
    /// Whether something did not fit into its memory, or into its largest buffer.
    pub(crate) is_memory: bool,
}

/// The libraries that speak to devices: parts of the paths of their files.
const LIBRARIES: [&str; 4] = ["/burn-", "/cubecl-", "/wgpu-", "/naga-"];
/// What they say where something did not fit.
const MEMORY: [&str; 5] = [
    "out of device memory",
    "can't allocate buffer",
    "BufferTooBig",
    "OutOfMemory",
    "Out of memory",
];
/// The most characters of a reason.
const LONGEST: usize = 300;

/// How much guarded work is going on.
static GUARDS: AtomicUsize = AtomicUsize::new(0);
/// What the first panic of a library said.
static SAID: Mutex<Option<String>> = Mutex::new(None);

/// Does `work`, which computes on a device: on the processor, which does not fail, or on another.
///
/// # Errors
/// If the device fails.
pub(crate) fn guarded<T>(on_processor: bool, work: impl FnOnce() -> T) -> Result<T, DeviceFailure> {
    if on_processor {
        return Ok(work());
    }
    listen();
    GUARDS.fetch_add(1, Ordering::SeqCst);
    // What the work has changed is dropped with it.
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDS.fetch_sub(1, Ordering::SeqCst);
    let heard = SAID.lock().unwrap_or_else(PoisonError::into_inner).take();
    result.or_else(|panic| match (panic.downcast::<DeviceFailure>(), heard) {
        (Ok(failure), _) => Err(*failure),
        (Err(_), Some(text)) => Err(DeviceFailure::of(&text)),
        (Err(panic), None) => resume_unwind(panic),
    })
}

/// Ends guarded work: the device has failed, and said `text`.
pub(crate) fn fail(text: &str) -> ! {
    resume_unwind(Box::new(DeviceFailure::of(text)))
}

impl DeviceFailure {
    /// The failure behind the text of a panic.
    fn of(text: &str) -> Self {
        let of_memory = |line: &&str| MEMORY.iter().any(|word| line.contains(word));
        let memory = text.lines().find(of_memory);
        let is_memory = memory.is_some();
        let first = || text.lines().find(|line| !line.trim().is_empty());
        let line = memory.or_else(first).unwrap_or("its driver failed");
        let mut reason: String = line.trim().chars().take(LONGEST).collect();
        if line.trim().chars().count() > LONGEST {
            reason.push('…');
        }
        Self { reason, is_memory }
    }

    /// The reason, where batches of `patches` patches were computed.
    pub(crate) fn for_batch(&self, patches: usize) -> String {
        if self.is_memory {
            format!("it has no room for a batch of {patches} patches ({})", self.reason)
        } else {
            self.reason.clone()
        }
    }
}

/// Keeps the panics of the libraries while guarded work goes on; all others are printed as ever.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
            let place = panic.location().map_or("", |location| location.file());
            let of_library = LIBRARIES.iter().any(|library| place.contains(library));
            if GUARDS.load(Ordering::SeqCst) == 0 || !of_library {
                return before(panic);
            }
            let text = panic.payload_as_str().unwrap_or("its driver failed").to_owned();
            SAID.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_from_what_fails() {
        let failure =
            DeviceFailure::of("An error\nCaused by:\n  can't allocate buffer of size: 536870912\n");
        assert!(failure.is_memory);
        assert_eq!(failure.reason, "can't allocate buffer of size: 536870912");
        assert!(!DeviceFailure::of("the device is lost").is_memory);
        assert_eq!(DeviceFailure::of("x".repeat(999).as_str()).reason.chars().count(), 301);
    }

    #[test]
    fn a_failure_becomes_an_error_and_the_next_work_is_done() {
        let failed = guarded(false, || fail("out of device memory allocating 9 bytes"));
        let failure: DeviceFailure = failed.map(|never: ()| never).unwrap_err();
        assert!(failure.for_batch(64).contains("no room for a batch of 64 patches"));
        assert_eq!(guarded(false, || 3), Ok(3));
    }

    #[test]
    fn a_mistake_of_our_own_goes_on() {
        let caught = catch_unwind(|| {
            guarded(false, || {
                std::panic::resume_unwind(Box::new("our own"));
            })
        });
        assert!(caught.is_err());
        assert_eq!(guarded(false, || 3), Ok(3));
    }
}
