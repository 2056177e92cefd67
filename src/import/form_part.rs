//! A value of `-F`: `name=value`, `name=@file`, `name=<file`, with `;type=` and `;filename=`.

use super::import_error::ImportError;
use super::text_place::TextPlace;
use crate::wire::{DraftPart, media_type_of};

/// A value of `-F` or `--form-string`, and its place.
pub(super) struct FormText<'t> {
    pub(super) text: &'t str,
    /// `--form-string`: `@`, `<` and `;` mean nothing.
    pub(super) is_literal: bool,
    pub(super) place: TextPlace,
}

/// # Errors
/// When it has no name, or names a file that is not read.
pub(super) fn read_form_part(
    form: &FormText<'_>,
    read: &dyn Fn(&str) -> Result<Vec<u8>, ImportError>,
    notes: &mut Vec<String>,
) -> Result<DraftPart, ImportError> {
    let Some((name, value)) = form.text.split_once('=') else {
        return Err(ImportError::at(form.place, "a part of a form has no `=`")
            .hint("write `-F NAME=VALUE`"));
    };
    if form.is_literal {
        return Ok(part(name, value.as_bytes().to_vec(), None, None));
    }
    let (kind, rest) = match value.as_bytes().first() {
        Some(kind @ (b'@' | b'<')) => (Some(*kind), &value[1..]),
        _ => (None, value),
    };
    let mut pieces = split_quoted(rest).into_iter();
    let content = pieces.next().unwrap_or_default();
    let (mut media_type, mut filename) = (None, None);
    for piece in pieces {
        match piece.trim_start().split_once('=') {
            Some(("type", value)) => media_type = Some(value.to_owned()),
            Some(("filename", value)) => filename = Some(value.to_owned()),
            Some((other @ ("headers" | "encoder"), _)) => notes.push(format!(
                "`;{other}=` of the form part `{name}` is ignored"
            )),
            // curl keeps what it does not know as a part of the type or the value.
            _ => notes.push(format!(
                "the form part `{name}` has a `;` that is ignored: quote the value, `-F '{name}=\"…\"'`"
            )),
        }
    }
    Ok(match kind {
        None => {
            let guessed = filename.as_deref().map(guessed_by_curl);
            part(name, content.into_bytes(), media_type.or(guessed), filename)
        }
        Some(b'<') => part(name, read(&content)?, media_type, filename),
        Some(_) => {
            let own = content.rsplit(['/', '\\']).next().unwrap_or(&content);
            let filename = filename.unwrap_or_else(|| own.to_owned());
            let kind = media_type.unwrap_or_else(|| guessed_by_curl(&content));
            part(name, read(&content)?, Some(kind), Some(filename))
        }
    })
}

fn part(
    name: &str,
    content: Vec<u8>,
    media_type: Option<String>,
    filename: Option<String>,
) -> DraftPart {
    DraftPart {
        name: name.to_owned(),
        filename,
        media_type,
        content: content.into(),
    }
}

/// Pieces between `;`, but for those in double quotes, which are removed.
fn split_quoted(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_start = pieces
            .last()
            .is_none_or(|piece| piece.is_empty() || piece.ends_with('='));
        match letter {
            '"' if is_quoted => is_quoted = false,
            '"' if is_start => is_quoted = true,
            '\\' if is_quoted => push(&mut pieces, letters.next().unwrap_or('\\')),
            ';' if !is_quoted => pieces.push(String::new()),
            _ => push(&mut pieces, letter),
        }
    }
    pieces
}

fn push(pieces: &mut [String], letter: char) {
    if let Some(last) = pieces.last_mut() {
        last.push(letter);
    }
}

/// The type that curl guesses from the name of a file: it knows few.
fn guessed_by_curl(name: &str) -> String {
    const KNOWN: [&str; 10] = [
        "gif", "jpg", "jpeg", "png", "svg", "txt", "htm", "html", "pdf", "xml",
    ];
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_known = KNOWN.iter().any(|known| known.eq_ignore_ascii_case(ending));
    let guessed = media_type_of(name).filter(|_| is_known);
    guessed.unwrap_or("application/octet-stream").to_owned()
}
