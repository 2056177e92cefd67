//! What is packed inside a body that arrived as bytes: a file that was downloaded, say. A secret in it is a secret.

use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::Read;

/// More than this is not looked at, and so not written either, in bytes.
const MAX: u64 = 32 << 20;
/// Packed within packed.
const DEPTH: usize = 3;

/// Whether `finds` holds for the bytes or for anything that is packed in them; also when too much is.
pub fn any(bytes: &[u8], finds: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    any_below(bytes, finds, DEPTH)
}

fn any_below(bytes: &[u8], finds: &mut dyn FnMut(&[u8]) -> bool, depth: usize) -> bool {
    if finds(bytes) {
        return true;
    }
    match unpacked(bytes) {
        None => false,
        Some(inner) => depth == 0 || inner.len() as u64 > MAX || any_below(&inner, finds, depth - 1),
    }
}

/// By the magic numbers of gzip (RFC 1952) and zlib (RFC 1950).
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes {
        [0x1f, 0x8b, ..] => read(GzDecoder::new(bytes)),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => read(ZlibDecoder::new(bytes)),
        _ => None,
    }
}

fn read(decoder: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let _ = decoder.take(MAX + 1).read_to_end(&mut out);
    // What could be read before a fault is there to be looked at.
    Some(out).filter(|out| !out.is_empty())
}
