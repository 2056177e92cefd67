//! The method of a request that was read.

use super::import_error::ImportError;
use super::text_place::TextPlace;
use crate::method::Method;

/// # Errors
/// When it is none of the language; methods are case-sensitive.
pub(super) fn read_method(name: &str, place: TextPlace) -> Result<Method, ImportError> {
    let mut known = Method::ALL.into_iter();
    known
        .find(|method| method.name() == name)
        .ok_or_else(|| unknown_method(name, place))
}

fn unknown_method(name: &str, place: TextPlace) -> ImportError {
    let upper = name.to_ascii_uppercase();
    let known = Method::ALL.into_iter().any(|method| method.name() == upper);
    // Something else than a method can stand there, such as a header with a token.
    let is_word = name.len() <= 20 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let shown = if is_word { name } else { "…" };
    if known {
        return ImportError::at(
            place,
            format!("`{shown}` is sent unchanged, and is not the method `{upper}`"),
        )
        .hint(format!(
            "write `{upper}`: methods are case-sensitive (RFC 9110, section 9.1)"
        ));
    }
    let names: Vec<&str> = Method::ALL.into_iter().map(Method::name).collect();
    ImportError::at(
        place,
        format!("ingam does not support the method `{shown}`"),
    )
    .hint(format!("the methods are {}", names.join(", ")))
}
