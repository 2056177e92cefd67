//! Reads files that people or other programs may have changed, never more of them than the limit.

use std::io::Read;
use std::path::Path;

/// Reads a plain file of at most `max_bytes`.
///
/// # Errors
/// When it cannot be read, is larger, or is a folder, a device or a pipe.
pub(crate) fn read_limited(path: &Path, max_bytes: u64) -> std::io::Result<Vec<u8>> {
    // Opening a named pipe blocks until somebody writes into it, so its kind is asked first.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a plain file"));
    }
    read_limited_regular(path, max_bytes)
}

/// The same for a path that a listing of its folder has just shown as a plain file.
///
/// # Errors
/// When it cannot be read or is larger.
pub(super) fn read_limited_regular(path: &Path, max_bytes: u64) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    // The length is asked of the open file: one asked by path could be that of another file.
    let len = file.metadata()?.len();
    let mut bytes = Vec::new();
    if len <= max_bytes {
        // A capacity is only a hint: where memory is smaller than u64, none is given.
        bytes.reserve_exact(usize::try_from(len).unwrap_or(0));
        // One byte more than the limit, because the file can grow after its length was asked, and
        // what is cut without an error would be a part of a test suite.
        file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    }
    if len > max_bytes || bytes.len() as u64 > max_bytes {
        return Err(std::io::Error::other(format!(
            "it is larger than {} MiB",
            max_bytes >> 20
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit_and_refused_beyond_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("five");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read_limited(&path, 5).unwrap(), b"12345");
        assert!(read_limited(&path, 4).is_err());
        assert!(read_limited(folder.path(), 5).is_err());
    }

    /// A device has no length, so only what was read shows that it is too long.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_its_length_says_is_refused() {
        assert!(read_limited_regular(Path::new("/dev/zero"), 1_000).is_err());
    }
}
