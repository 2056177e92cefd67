//! Arguments in messages. A person may paste a secret where none belongs, and a message that repeats
//! it writes it to the log of a CI job.

use crate::diagnostic::similar_name_hint;
use crate::redact::WeakSecret;
use std::path::Path;

/// What stands for a text that could be a secret.
const NOT_SHOWN: &str = "…";

/// An argument that is wrong, in backticks; or "of that name" if it could be a secret and is
/// similar to no known name.
#[must_use]
pub(super) fn shown_argument<'a>(
    argument: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> String {
    let is_word = WeakSecret::find(argument).is_some() && !argument.contains('=');
    if is_word || similar_name_hint(argument, known).is_some() {
        format!("`{argument}`")
    } else {
        "of that name (not shown, because it could be a secret)".to_owned()
    }
}

/// A message about wrong arguments without the secrets that they could hold.
#[must_use]
pub(super) fn hide_arguments(message: &str, arguments: &[&str], folder: &Path) -> String {
    let mut message = message.to_owned();
    for argument in arguments {
        if let Some(secret) = secret_part(argument, folder) {
            message = message.replace(secret, NOT_SHOWN);
        }
    }
    message
}

/// The part of an argument that could be a secret.
fn secret_part<'a>(argument: &'a str, folder: &Path) -> Option<&'a str> {
    let is_option = argument.starts_with('-');
    if let Some((_, value)) = argument.split_once('=') {
        // `--jobs=many` is told as it is; `partner_key=hunter2` and `--key=4f8a…` are not.
        let could_be = !value.is_empty() && (!is_option || WeakSecret::find(value).is_none());
        return could_be.then_some(value);
    }
    let is_name = is_option || folder.join(argument).exists();
    (!is_name && WeakSecret::find(argument).is_none()).then_some(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_secret_is_not_shown() {
        let hide = |argument: &str| {
            hide_arguments(
                &format!("unexpected argument '{argument}' found"),
                &["ingam", argument],
                Path::new("/"),
            )
        };
        for secret in [
            "partner_key=hunter2",
            "--partner-key=4f8a1c0de54321aa",
            "INGAM_SHOPEE__PARTNER_KEY=4f8a1c0de54321aa",
            "4f8a1c0de54321aa",
        ] {
            let told = hide(secret);
            let value = secret.split('=').next_back().unwrap();
            assert!(!told.contains(value), "{told}");
            assert!(told.contains('…'), "{told}");
        }
        for word in ["chekc", "--jbos", "--jobs=many", "requests/a.yaml"] {
            assert!(hide(word).contains(word), "{word}");
        }
        assert_eq!(
            shown_argument("partner_kye", ["partner_key"]),
            "`partner_kye`"
        );
        assert!(!shown_argument("4f8a1c0de54321aa", ["partner_key"]).contains("4f8a"));
    }
}
