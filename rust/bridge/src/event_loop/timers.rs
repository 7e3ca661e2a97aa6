//! Timers of a loop, ordered by when they are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use pyo3::prelude::*;

use super::handle::Handle;

/// Cancelled timers are left in the heap until they are this many and the larger half of it.
const CANCELLED_BEFORE_SWEEP: usize = 100;

#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    sequence: u64,
    cancelled: usize,
}

struct Timer {
    when: f64,
    sequence: u64,
    handle: Py<Handle>,
}

impl Timers {
    pub fn push(&mut self, when: f64, handle: Py<Handle>) {
        self.sequence += 1;
        self.heap.push(Reverse(Timer {
            when,
            sequence: self.sequence,
            handle,
        }));
    }

    /// When the first timer is due.
    pub fn next_due(&self) -> Option<f64> {
        self.heap.peek().map(|Reverse(timer)| timer.when)
    }

    /// Takes the first timer if it is due.
    pub fn pop_due(&mut self, now: f64) -> Option<Py<Handle>> {
        if self.next_due()? > now {
            return None;
        }
        let Reverse(timer) = self.heap.pop()?;
        if timer.handle.get().is_cancelled() {
            self.cancelled = self.cancelled.saturating_sub(1);
        }
        Some(timer.handle)
    }

    /// Counts a cancelled timer, and sweeps when they prevail.
    ///
    /// Returns what was swept, to be dropped after the lock that guards this is released:
    /// dropping a Python object can run Python code.
    pub fn cancelled(&mut self) -> Vec<Py<Handle>> {
        self.cancelled += 1;
        if self.cancelled < CANCELLED_BEFORE_SWEEP || self.cancelled * 2 < self.heap.len() {
            return Vec::new();
        }
        self.cancelled = 0;
        let (swept, kept): (Vec<_>, Vec<_>) = self
            .heap
            .drain()
            .partition(|Reverse(timer)| timer.handle.get().is_cancelled());
        self.heap = kept.into();
        swept
            .into_iter()
            .map(|Reverse(timer)| timer.handle)
            .collect()
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.when
            .total_cmp(&other.when)
            .then(self.sequence.cmp(&other.sequence))
    }
}
