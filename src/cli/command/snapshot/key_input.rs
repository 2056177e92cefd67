//! The keys of a review. `read_key` restores the mode of the terminal when the key was read, when the
//! wait is given up, and after an error.

pub(super) use crate::platform::{read_key, row_count};

/// Ctrl-C. While `read_key` waits it is a key like others, so that it cannot end the program before
/// the terminal is restored.
pub(super) const INTERRUPT: u8 = 3;
/// Ctrl-D.
pub(super) const END_OF_INPUT: u8 = 4;
