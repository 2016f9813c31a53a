//! A wall around decoders that stop the program at damaged input.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The decoder of Parquet met bytes that it does not expect.
#[derive(Debug, thiserror::Error)]
#[error("the decoder stopped: {message}")]
pub struct Stopped {
    message: String,
}

/// Runs `decode`, and makes an error of a panic in it: the Parquet decoder indexes by what a file says, and
/// panics where that is out of range. What `decode` was working on must not be used any more then.
///
/// # Errors
/// If `decode` panicked.
pub fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, Stopped> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|panic| Stopped { message: message(&*panic) })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let bytes: [u8; 0] = [];
        let place = bytes.len() + 3;
        let stopped = guarded(|| bytes[place]).unwrap_err();
        assert!(stopped.to_string().contains("index out of bounds"), "{stopped}");
        assert_eq!(guarded(|| 7).unwrap(), 7);
    }
}
