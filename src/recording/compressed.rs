//! Looks for text in compressed data inside a binary body, such as a downloaded file: a secret in
//! it would be recorded too. It reads gzip and zlib, and not zip, brotli or zstd.

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// More than this is not decompressed, in bytes: a few kilobytes can expand to any size.
const MAX_DECOMPRESSED_BYTES: u64 = 32 << 20;
/// Compressed within compressed.
const MAX_NESTING: usize = 3;

/// What was found in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LayerFinding {
    /// Nothing, in any layer.
    Clean,
    /// The predicate holds for a layer.
    Found,
    /// A layer looks compressed and cannot be decompressed whole, so it may hold anything.
    Unreadable,
}

/// Looks at the bytes and at everything that is compressed in them.
pub(super) fn inspect_layers(bytes: &[u8], finds: &mut dyn FnMut(&[u8]) -> bool) -> LayerFinding {
    inspect_below(bytes, finds, MAX_NESTING)
}

fn inspect_below(bytes: &[u8], finds: &mut dyn FnMut(&[u8]) -> bool, depth: usize) -> LayerFinding {
    if finds(bytes) {
        return LayerFinding::Found;
    }
    match decompress(bytes) {
        None => LayerFinding::Clean,
        // Fail closed: what was not read to its end may hold a secret behind what was read.
        Some(Err(_)) => LayerFinding::Unreadable,
        // A limit that was reached is not a clean result: the part that was not read may hold a
        // secret.
        Some(Ok(inner)) if depth == 0 || inner.len() as u64 > MAX_DECOMPRESSED_BYTES => {
            LayerFinding::Unreadable
        }
        Some(Ok(inner)) => inspect_below(&inner, finds, depth - 1),
    }
}

/// By the magic numbers of gzip (RFC 1952) and zlib (RFC 1950); `None` without one of them.
fn decompress(bytes: &[u8]) -> Option<std::io::Result<Vec<u8>>> {
    match bytes {
        // A gzip file may have several members, and a decoder for one would stop after the first.
        [0x1f, 0x8b, ..] => Some(read_decoder(MultiGzDecoder::new(bytes))),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some(read_decoder(ZlibDecoder::new(bytes))),
        _ => None,
    }
}

/// One byte more than the limit, so that the caller sees when there is more.
fn read_decoder(decoder: impl Read) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    decoder
        .take(MAX_DECOMPRESSED_BYTES + 1)
        .read_to_end(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inspect(bytes: &[u8]) -> LayerFinding {
        inspect_layers(bytes, &mut |layer| {
            layer.windows(6).any(|part| part == b"secret")
        })
    }

    #[test]
    fn every_layer_and_every_member_is_looked_at() {
        assert_eq!(inspect(b"plain"), LayerFinding::Clean);
        assert_eq!(inspect(&gzip(b"plain")), LayerFinding::Clean);
        assert_eq!(inspect(&gzip(&gzip(b"a secret"))), LayerFinding::Found);
        let two_members = [gzip(b"plain"), gzip(b"a secret")].concat();
        assert_eq!(inspect(&two_members), LayerFinding::Found);
    }

    #[test]
    fn what_cannot_be_decompressed_is_not_clean() {
        let whole = gzip(&b"text of some length ".repeat(50));
        assert_eq!(inspect(&whole[..whole.len() - 9]), LayerFinding::Unreadable);
        assert_eq!(inspect(&[0x1f, 0x8b, 0xff]), LayerFinding::Unreadable);
    }
}
