//! Random bytes for one piece of work, asked of the system at once: each asking is a system call.

use std::sync::{Mutex, PoisonError};

use coffer_domain::ports::Entropy;
use zeroize::Zeroizing;

/// `N` random bytes that are handed out piece by piece, and more of the system's behind them. They
/// are wiped when this is dropped, as some become keys.
pub(crate) struct Draw<'e, const N: usize> {
    system: &'e dyn Entropy,
    drawn: Mutex<Drawn<N>>,
}

struct Drawn<const N: usize> {
    bytes: Zeroizing<[u8; N]>,
    handed_out: usize,
}

impl<'e, const N: usize> Draw<'e, N> {
    /// Asks for the bytes.
    pub(crate) fn new(system: &'e dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; N]);
        system.fill(&mut *bytes);
        Self { system, drawn: Mutex::new(Drawn { bytes, handed_out: 0 }) }
    }

    /// Some of the bytes.
    pub(crate) fn take<const M: usize>(&self) -> [u8; M] {
        let mut bytes = [0; M];
        self.fill(&mut bytes);
        bytes
    }
}

impl<const N: usize> Entropy for Draw<'_, N> {
    fn fill(&self, bytes: &mut [u8]) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let Drawn { bytes: all, handed_out } = &mut *drawn;
        match all.get(*handed_out..*handed_out + bytes.len()) {
            Some(fresh) => {
                bytes.copy_from_slice(fresh);
                *handed_out += bytes.len();
            }
            None => self.system.fill(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn no_byte_is_handed_out_twice() {
        let system = Counting(AtomicU8::new(0));
        let draw = Draw::<4>::new(&system);
        let taken: [[u8; 2]; 3] = [draw.take(), draw.take(), draw.take()];
        assert_eq!(taken, [[0, 1], [2, 3], [4, 5]]);
        assert_eq!(draw.take::<5>(), [6, 7, 8, 9, 10], "more than was drawn");
    }
}
