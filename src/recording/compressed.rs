//! What is packed inside a body that arrived as bytes: a file that was downloaded, say. A secret in
//! it is a secret.

use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::Read;

/// More than this is not looked at, and so not written either, in bytes.
const MAX_DECOMPRESSED_BYTES: u64 = 32 << 20;
/// Packed within packed.
const MAX_NESTING: usize = 3;

/// Whether `finds` holds for the bytes or for anything that is packed in them; also when too much
/// is.
pub(super) fn any_layer(bytes: &[u8], finds: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    any_layer_below(bytes, finds, MAX_NESTING)
}

fn any_layer_below(bytes: &[u8], finds: &mut dyn FnMut(&[u8]) -> bool, depth: usize) -> bool {
    if finds(bytes) {
        return true;
    }
    match decompress(bytes) {
        None => false,
        Some(inner) => {
            depth == 0
                || inner.len() as u64 > MAX_DECOMPRESSED_BYTES
                || any_layer_below(&inner, finds, depth - 1)
        }
    }
}

/// By the magic numbers of gzip (RFC 1952) and zlib (RFC 1950).
fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes {
        [0x1f, 0x8b, ..] => read_decoder(GzDecoder::new(bytes)),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => read_decoder(ZlibDecoder::new(bytes)),
        _ => None,
    }
}

fn read_decoder(decoder: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let _ = decoder
        .take(MAX_DECOMPRESSED_BYTES + 1)
        .read_to_end(&mut out);
    // What could be read before a fault is there to be looked at.
    Some(out).filter(|out| !out.is_empty())
}
