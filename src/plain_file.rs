//! Reads plain files, never more of them than a limit. It refuses folders, devices and pipes at once:
//! people and other programs may have put them in the place of a file.

use crate::platform;
use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Result};
use std::path::Path;

/// A file that ingam or its user writes as text: an environment file, a list, a report to merge.
/// In bytes.
pub(crate) const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Reads a plain file of at most `max_bytes`.
///
/// # Errors
/// When it cannot be read, is larger, or is a folder, a device or a pipe.
pub(crate) fn read_plain_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    read_opened_file(&open_at_once(path)?, max_bytes)
}

/// Opens a plain file to be read piece by piece.
///
/// # Errors
/// When it cannot be opened, or is a folder, a device or a pipe.
pub(crate) fn open_plain_file(path: &Path) -> Result<File> {
    let file = open_at_once(path)?;
    if !file.metadata()?.is_file() {
        return Err(Error::other("it is not a plain file"));
    }
    Ok(file)
}

fn open_at_once(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A named pipe would block until somebody writes into it.
    platform::without_waiting(&mut options);
    options.open(path)
}

/// The same as text.
///
/// # Errors
/// As [`read_plain_file`], and when it is not UTF-8.
pub(crate) fn read_plain_text(path: &Path, max_bytes: u64) -> Result<String> {
    String::from_utf8(read_plain_file(path, max_bytes)?)
        .map_err(|_| Error::other("it is not UTF-8 text"))
}

/// The same for a file that is open. Its position must be its beginning.
///
/// # Errors
/// As [`read_plain_file`].
pub(crate) fn read_opened_file(file: &File, max_bytes: u64) -> Result<Vec<u8>> {
    // Asked of the open file: asked by path, it could be about another file.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Error::other("it is not a plain file"));
    }
    let too_large = || Error::other(format!("it is larger than {} MiB", max_bytes >> 20));
    let len = metadata.len();
    if len > max_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // A capacity is only a hint: where memory is smaller than u64, none is given.
    bytes.reserve_exact(usize::try_from(len).unwrap_or(0));
    // One byte more than the limit, because the file can grow after its length was asked, and what
    // is cut without an error would be a part of a test suite.
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(too_large());
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
        assert_eq!(read_plain_file(&path, 5).unwrap(), b"12345");
        assert!(read_plain_file(&path, 4).is_err());
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read_plain_text(&path, 5).is_err());
    }

    // macOS makes no pipe this way.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_plain_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let sparse = folder.path().join("sparse");
        File::create(&sparse).unwrap().set_len(4 << 30).unwrap();
        for path in [
            folder.path(),
            &pipe,
            &sparse,
            Path::new("/dev/zero"),
            Path::new("/dev/tty"),
        ] {
            assert!(
                read_plain_file(path, 64 << 20).is_err(),
                "{}",
                path.display()
            );
        }
    }

    /// A file of `/proc` has no length, so only what was read shows that it is too long.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_its_length_says_is_refused() {
        let path = Path::new("/proc/self/maps");
        assert!(read_plain_file(path, 1 << 20).is_ok());
        assert!(read_plain_file(path, 10).is_err());
    }
}
