//! Work that is done side by side and comes back in its order.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::thread::{Scope, ScopedJoinHandle};

/// Pieces of work at a time: where one waits for its last thread, the threads go on with the next.
const AT_ONCE: usize = 2;

/// Pieces of work that have begun.
pub(super) struct InFlight<'scope, 'env, T> {
    scope: &'scope Scope<'scope, 'env>,
    begun: VecDeque<ScopedJoinHandle<'scope, T>>,
}

impl<'scope, 'env, T: Send + 'scope> InFlight<'scope, 'env, T> {
    /// Nothing has begun yet.
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>) -> Self {
        Self { scope, begun: VecDeque::with_capacity(AT_ONCE) }
    }

    /// Begins with `work`. Where as much is under way as may be, what began first is waited for, and its result given.
    pub(super) fn begin(&mut self, work: impl FnOnce() -> T + Send + 'scope) -> Option<T> {
        let first = if self.begun.len() == AT_ONCE { self.next() } else { None };
        self.begun.push_back(self.scope.spawn(work));
        first
    }
}

/// The results of what has begun, in the order in which it did; each is waited for.
impl<T> Iterator for InFlight<'_, '_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let first = self.begun.pop_front()?;
        Some(first.join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn results_come_in_the_order_in_which_work_began() {
        let mut results = Vec::new();
        std::thread::scope(|scope| {
            let mut in_flight = InFlight::new(scope);
            for number in 0..20_u64 {
                let work = move || {
                    // The earlier ones take longer.
                    std::thread::sleep(std::time::Duration::from_millis(20 - number));
                    number
                };
                results.extend(in_flight.begin(work));
                assert!(results.len() + AT_ONCE > usize::try_from(number).unwrap());
            }
            results.extend(in_flight);
        });
        assert_eq!(results, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn as_many_pieces_as_may_be_are_done_side_by_side() {
        // Each waits for the other.
        let meeting = Barrier::new(AT_ONCE);
        std::thread::scope(|scope| {
            let mut in_flight = InFlight::new(scope);
            for _ in 0..AT_ONCE {
                assert!(in_flight.begin(|| meeting.wait()).is_none());
            }
            assert_eq!(in_flight.filter(std::sync::BarrierWaitResult::is_leader).count(), 1);
        });
    }
}
