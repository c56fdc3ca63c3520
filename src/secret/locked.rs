//! A place in memory that is kept out of swap and wiped: whole pages of its own, so that unlocking one secret unlocks no
//! other.

use region::LockGuard;
use zeroize::Zeroize;

/// Octets on pages of their own, locked where the system lets us; `preflight` says whether it does.
pub(super) struct Locked<T: Zeroize> {
    /// Dropped before the pages are given back.
    lock: Option<LockGuard>,
    page: Box<Page<T>>,
}

/// As large as whole pages of 4 KiB. Where pages are larger, they stay locked for good rather than too short.
#[repr(align(4096))]
struct Page<T>(T);

impl<T: Zeroize> Locked<T> {
    /// Locks the place of what holds no secret yet.
    pub(super) fn new(empty: T) -> Self {
        let page = Box::new(Page(empty));
        let lock = region::lock(&raw const *page, size_of::<Page<T>>()).ok();
        Self { lock, page }
    }

    /// What is there.
    pub(super) const fn get(&self) -> &T {
        &self.page.0
    }

    /// What is there, to be written.
    pub(super) const fn get_mut(&mut self) -> &mut T {
        &mut self.page.0
    }
}

impl<T: Zeroize> Drop for Locked<T> {
    fn drop(&mut self) {
        self.page.0.zeroize();
        if region::page::size() > align_of::<Page<T>>()
            && let Some(lock) = self.lock.take()
        {
            std::mem::forget(lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many kibioctets of a mapping that holds an address are locked.
    fn locked_at(address: usize) -> Option<u64> {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in text.lines() {
            if let Some((range, _)) = line.split_once(' ').filter(|(range, _)| range.contains('-')) {
                let ends: Vec<usize> =
                    range.split('-').filter_map(|end| usize::from_str_radix(end, 16).ok()).collect();
                inside = ends.len() == 2 && (ends[0]..ends[1]).contains(&address);
            } else if inside && let Some(rest) = line.strip_prefix("Locked:") {
                return rest.trim().trim_end_matches(" kB").parse().ok();
            }
        }
        None
    }

    #[test]
    fn a_secret_s_pages_are_locked_until_it_is_dropped_and_no_longer() {
        let (one, two) = (Locked::new([0_u8; 255]), Locked::new([0_u8; 255]));
        let address = (&raw const *two.page).addr();
        assert!(locked_at(address).is_some_and(|locked| locked >= 4), "{:?}", locked_at(address));
        assert_ne!((&raw const *one.page).addr() / 4096, address / 4096);
        // Unlocking a neighbour unlocks nothing of this one.
        drop(one);
        assert!(locked_at(address).is_some_and(|locked| locked >= 4));
    }
}
