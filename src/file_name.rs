//! Names of files that are the same file on every system, and that lead nowhere but to one file.

/// The longest name that the usual file systems can hold, in bytes.
const MAX_BYTES: usize = 255;

/// Why a text is not the name of a file. Each message follows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileNameError {
    #[error("is empty")]
    Empty,
    #[error("contains `{0}`, which is not allowed in a file name")]
    Separator(char),
    #[error("contains an invisible character")]
    Invisible,
    #[error("begins with a dot")]
    LeadingDot,
    #[error("ends with a dot or a space, which some systems remove")]
    TrailingDot,
    #[error("begins with a space")]
    LeadingBlank,
    #[error("is the name of a device on Windows")]
    Device,
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
}

/// What a value may not bring into a name, wherever it stands in it.
///
/// # Errors
/// When the value could lead elsewhere.
pub(crate) fn check_value(value: &str) -> Result<(), FileNameError> {
    // Those of Windows, too: a workspace is used on several systems.
    let is_special =
        |letter: &char| matches!(letter, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    if let Some(letter) = value.chars().find(is_special) {
        return Err(FileNameError::Separator(letter));
    }
    if value.chars().any(is_invisible) {
        return Err(FileNameError::Invisible);
    }
    if value.starts_with('.') {
        return Err(FileNameError::LeadingDot);
    }
    Ok(())
}

/// The whole name, without folders.
///
/// # Errors
/// When it cannot be the name of a file, or is that of something else somewhere.
pub(crate) fn check_name(name: &str) -> Result<(), FileNameError> {
    if name.is_empty() {
        return Err(FileNameError::Empty);
    }
    check_value(name)?;
    if name.starts_with(' ') {
        return Err(FileNameError::LeadingBlank);
    }
    if name.ends_with(['.', ' ']) {
        return Err(FileNameError::TrailingDot);
    }
    if is_device(name) {
        return Err(FileNameError::Device);
    }
    if name.len() > MAX_BYTES {
        return Err(FileNameError::TooLong);
    }
    Ok(())
}

/// `nul.pdf` is the device as well: Windows looks only at what stands before the first dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_uppercase();
    let is_numbered = |start: &str| {
        stem.strip_prefix(start).is_some_and(|rest| {
            let mut letters = rest.chars();
            // The superscripts count as digits there.
            let is_digit = letters
                .next()
                .is_some_and(|letter| letter.is_ascii_digit() || matches!(letter, '¹' | '²' | '³'));
            is_digit && letters.next().is_none()
        })
    };
    matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) || is_numbered("COM")
        || is_numbered("LPT")
}

/// Controls, and characters that change how their neighbours are shown: a name must look like what
/// it is.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202f}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{fffd}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_file_on_every_system() {
        for name in [
            "",
            ".",
            "..",
            ".env",
            "a/b",
            "a\\b",
            "/",
            "\\",
            "C:",
            "c:a",
            "a:b",
            "a*",
            "a?",
            "a\"",
            "a<",
            "a>",
            "a|",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "a\u{202e}fdp.exe",
            "a\u{200b}",
            "a.",
            "a ",
            " a",
            "con",
            "CON",
            "Con.pdf",
            "nul.tar.gz",
            "aux",
            "PRN.txt",
            "COM1",
            "com9.a",
            "LPT1",
            "lpt0",
            "COM¹",
            "CONIN$",
            "conout$.x",
            "con .pdf",
            "\u{feff}a",
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert_eq!(check_name(&"a".repeat(256)), Err(FileNameError::TooLong));
        assert_eq!(check_name(&"가".repeat(86)), Err(FileNameError::TooLong));
        for name in [
            "a",
            "label-2611.pdf",
            "송장 26.pdf",
            "a..b",
            "com",
            "com10",
            "console.log",
            "nulls",
            "a.con",
            "~a",
            "-rf",
            "%2e%2e",
            "a&b;c",
            "😀.png",
        ] {
            assert_eq!(check_name(name), Ok(()), "{name:?}");
        }
    }
}
