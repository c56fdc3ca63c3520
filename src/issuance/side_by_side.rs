//! Work on the pieces of a long row, by several threads, with the results taken in the order of the row.
//!
//! The rules of this file:
//! - No more is under way than the workers have in hand and a few pieces that wait for an earlier one: memory does not grow
//!   with the row.
//! - After the first error no new piece is begun; pieces in hand are finished. Of several errors the one nearest to the
//!   beginning of the row is told.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Works on `0..count` piece by piece: each worker's thread takes the next piece when it is done with one, and `take` gets
/// the results, in order, in the thread that called.
///
/// # Errors
///
/// What `work` or `take` says.
pub(super) fn in_order<W: Send, T: Send, E: Send>(
    count: usize,
    workers: Vec<W>,
    work: impl Fn(&mut W, Range<usize>) -> Result<T, E> + Sync,
    mut take: impl FnMut(Range<usize>, T) -> Result<(), E>,
) -> Result<(), E> {
    let row = Row::new(count, workers.len());
    let (sender, receiver) = sync_channel(workers.len());
    let mut failed: Option<(usize, E)> = None;
    std::thread::scope(|scope| {
        for mut worker in workers {
            let (row, work, sender) = (&row, &work, sender.clone());
            scope.spawn(move || row.work_off(|range| work(&mut worker, range), &sender));
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        for (range, result) in receiver {
            let result = match result {
                Ok(done) => done,
                Err(error) => {
                    if failed.as_ref().is_none_or(|(first, _)| range.start < *first) {
                        failed = Some((range.start, error));
                    }
                    continue;
                }
            };
            waiting.insert(range.start, (range, result));
            while let Some((range, result)) = waiting.remove(&next) {
                next = range.end;
                if failed.as_ref().is_none_or(|(first, _)| range.start < *first)
                    && let Err(error) = take(range.clone(), result)
                {
                    failed = Some((range.start, error));
                    row.stop();
                }
                row.is_taken(next);
            }
        }
    });
    failed.map_or(Ok(()), |(_, error)| Err(error))
}

/// A row that is being worked off.
struct Row {
    count: usize,
    workers: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The beginning of what nobody works on yet.
    next: usize,
    /// The beginning of what is not taken yet.
    taken: usize,
    stopped: bool,
}

impl Row {
    const fn new(count: usize, workers: usize) -> Self {
        let state = State { next: 0, taken: 0, stopped: false };
        Self { count, workers, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing half-done is left by a thread that panicked: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece, of at most `most`; nothing if there is none or no more is wanted.
    fn next(&self, most: usize) -> Option<Range<usize>> {
        let mut state = self.state();
        let ahead = MOST * 4 * self.workers;
        while !state.stopped && state.next - state.taken > ahead {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let left = self.count - state.next;
        if state.stopped || left == 0 {
            return None;
        }
        // Towards the end pieces become small, so that all workers end together.
        let size = (left / (2 * self.workers)).clamp(FEWEST, most).min(left);
        let piece = state.next..state.next + size;
        state.next = piece.end;
        Some(piece)
    }

    fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    fn is_taken(&self, next: usize) {
        self.state().taken = next;
        self.changed.notify_all();
    }

    /// Takes pieces and works on them, until there is none.
    fn work_off<T, E>(
        &self,
        mut work: impl FnMut(Range<usize>) -> Result<T, E>,
        results: &SyncSender<(Range<usize>, Result<T, E>)>,
    ) {
        let mut most = FEWEST;
        while let Some(piece) = self.next(most) {
            let (begun, size) = (Instant::now(), piece.len());
            let result = work(piece.clone());
            if result.is_err() {
                self.stop();
            }
            // Slow tokens get small pieces, so that no call to them takes long.
            most = match begun.elapsed() {
                quick if quick < QUICK => (2 * size).clamp(most, MOST),
                slow if slow > SLOW => (size / 2).max(1),
                _ => most,
            };
            if results.send((piece, result)).is_err() {
                return;
            }
        }
    }
}

/// No piece is larger.
const MOST: usize = 128;

/// The first pieces, and the last ones.
const FEWEST: usize = 8;

/// Below that, pieces grow.
const QUICK: Duration = Duration::from_millis(100);

/// Above that, they shrink.
const SLOW: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn results_are_taken_in_order_whoever_is_quicker() {
        for (count, workers) in [(0, 1), (1, 3), (1000, 1), (5000, 4)] {
            let mut taken = Vec::new();
            let done: Result<(), ()> = in_order(
                count,
                (0..workers).collect(),
                |worker: &mut u64, range| {
                    std::thread::sleep(Duration::from_micros(*worker * 300));
                    Ok(range.collect::<Vec<_>>())
                },
                |range, result| {
                    assert_eq!(range.clone().collect::<Vec<_>>(), result);
                    taken.extend(range);
                    Ok(())
                },
            );
            assert_eq!(done, Ok(()));
            assert_eq!(taken, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_error_nearest_to_the_beginning_ends_it() {
        let worked = AtomicUsize::new(0);
        let mut taken = 0;
        let done = in_order(
            1_000_000,
            vec![(); 3],
            |(), range| {
                worked.fetch_add(range.len(), Ordering::Relaxed);
                if range.end > 500 { Err(range.start) } else { Ok(()) }
            },
            |range, ()| {
                taken = range.end;
                Ok(())
            },
        );
        let first = done.unwrap_err();
        assert!(first <= 500 && taken <= first, "{taken} {first}");
        assert!(worked.load(Ordering::Relaxed) < 10_000);
    }

    #[test]
    fn what_cannot_be_taken_ends_it_too() {
        let mut taken = 0;
        let done = in_order(
            1_000_000,
            vec![(); 2],
            |(), _| Ok(()),
            |range, ()| {
                taken = range.end;
                if taken > 300 { Err("full") } else { Ok(()) }
            },
        );
        assert_eq!(done, Err("full"));
        assert!(taken < 1_000);
    }

    #[test]
    fn who_is_quick_does_not_run_away() {
        let ahead = AtomicUsize::new(0);
        let taken = AtomicUsize::new(0);
        let done: Result<(), ()> = in_order(
            20_000,
            vec![0, 1, 1],
            |worker, range| {
                if *worker == 0 {
                    std::thread::sleep(Duration::from_millis(2));
                }
                ahead.fetch_max(range.end - taken.load(Ordering::Relaxed), Ordering::Relaxed);
                Ok(())
            },
            |range, ()| {
                taken.store(range.end, Ordering::Relaxed);
                Ok(())
            },
        );
        assert_eq!(done, Ok(()));
        assert!(ahead.load(Ordering::Relaxed) <= MOST * 4 * 3 + 2 * MOST);
    }
}
