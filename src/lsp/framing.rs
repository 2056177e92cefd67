//! Messages on a byte stream: a header with the length, then JSON. It refuses messages that are too
//! large before it reserves memory for them.

use lsp_server::Message;
use std::io::{BufRead, Read};

/// A longer message is refused, in bytes. A workspace file has at most 8 MiB.
const MAX_MESSAGE_BYTES: usize = 64 << 20;
/// A header has two lines of some thirty letters each.
const MAX_HEADER_BYTES: u64 = 4_096;

/// Why the stream cannot be read further.
#[derive(Debug, thiserror::Error)]
pub(super) enum FramingError {
    #[error("the client cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("a message has no `Content-Length`, or one that is not a number")]
    NoLength,
    #[error("a message is longer than 64 MiB")]
    TooLong,
}

/// What was read.
pub(super) enum ReadMessage {
    Message(Message),
    /// The length was right, and the content is no message.
    Malformed,
    End,
}

/// # Errors
/// When nobody knows where the next message begins.
pub(super) fn read_message(input: &mut impl BufRead) -> Result<ReadMessage, FramingError> {
    let Some(length) = read_header(input)? else {
        return Ok(ReadMessage::End);
    };
    if length > MAX_MESSAGE_BYTES {
        return Err(FramingError::TooLong);
    }
    let mut content = Vec::new();
    // Without a buffer of that length up front: the number is only what the other side says.
    std::io::copy(&mut input.take(length as u64), &mut content)?;
    if content.len() < length {
        return Ok(ReadMessage::End);
    }
    Ok(serde_json::from_slice(&content).map_or(ReadMessage::Malformed, ReadMessage::Message))
}

/// The length of the content; `None` at the end of the stream.
fn read_header(input: &mut impl BufRead) -> Result<Option<usize>, FramingError> {
    let mut length = None;
    let mut header = input.take(MAX_HEADER_BYTES);
    loop {
        let mut line = Vec::new();
        header.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return if length.is_none() && header.limit() > 0 {
                Ok(None)
            } else {
                Err(FramingError::NoLength)
            };
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            return length.map(Some).ok_or(FramingError::NoLength);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse().map_err(|_| FramingError::NoLength)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut input: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        loop {
            match read_message(&mut input) {
                Ok(ReadMessage::Message(Message::Request(request))) => found.push(request.method),
                Ok(ReadMessage::Message(_)) => found.push("other".to_owned()),
                Ok(ReadMessage::Malformed) => found.push("malformed".to_owned()),
                Ok(ReadMessage::End) => return found,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
    }

    #[test]
    fn messages_follow_each_other_and_a_malformed_one_ends_nothing() {
        let good = br#"{"jsonrpc":"2.0","id":1,"method":"a"}"#;
        let mut input = Vec::new();
        for content in [&good[..], b"{", b"\xff\xfe", good] {
            input.extend(format!("Content-Length: {}\r\n\r\n", content.len()).bytes());
            input.extend(content);
        }
        assert_eq!(read(&input), ["a", "malformed", "malformed", "a"]);
        assert_eq!(
            read(&input[..input.len() - 1]),
            ["a", "malformed", "malformed"]
        );
    }

    #[test]
    fn a_header_without_a_length_ends_the_stream() {
        for input in [
            "x\r\n\r\n{}",
            "Content-Length: x\r\n\r\n",
            "\r\n",
            "Content-Length: 5",
        ] {
            assert!(
                read(input.as_bytes())[0].contains("Content-Length"),
                "{input}"
            );
        }
        assert_eq!(
            read(b"Content-Length: 99999999999\r\n\r\n"),
            ["a message is longer than 64 MiB"]
        );
        assert!(read(&b"a".repeat(10_000))[0].contains("Content-Length"));
        assert!(read(b"").is_empty());
    }
}
