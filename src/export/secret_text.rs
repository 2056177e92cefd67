//! A text of a request with its secrets taken out: they are named, and never written.

use crate::redact::Redactor;

const MARKS: [char; 2] = ['‹', '›'];

/// A piece of a text of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextPart {
    Literal(String),
    /// A secret by its name, such as `token.access_token`.
    Secret(String),
}

/// The pieces of a text, in order.
pub(crate) type SecretText = Vec<TextPart>;

/// A text holds a secret that no value can stand for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request contains `{0}` in a changed form, such as encoded or joined with other text")]
pub(crate) struct SecretTextError(pub(crate) String);

/// The secrets of one request: what writes it learns where they are, and never what they are.
pub(crate) struct RequestSecrets<'s> {
    value_of: &'s dyn Fn(&str) -> Option<String>,
    redactor: &'s mut Redactor,
}

impl<'s> RequestSecrets<'s> {
    pub(crate) fn new(
        value_of: &'s dyn Fn(&str) -> Option<String>,
        redactor: &'s mut Redactor,
    ) -> Self {
        Self { value_of, redactor }
    }

    /// The same for a shorter time.
    pub(super) fn reborrow(&mut self) -> RequestSecrets<'_> {
        RequestSecrets {
            value_of: self.value_of,
            redactor: self.redactor,
        }
    }

    /// The pieces of a text.
    ///
    /// # Errors
    /// When no value can stand for a secret that the text holds.
    pub(super) fn split(&mut self, text: &str) -> Result<SecretText, SecretTextError> {
        exact_secrets(text, self.value_of, self.redactor)
    }

    /// # Errors
    /// When bytes, which are written as they are, hold a secret.
    pub(super) fn check_bytes(&mut self, bytes: &[u8]) -> Result<(), SecretTextError> {
        check_bytes(bytes, self.redactor)
    }
}

/// Bytes that are no text are written in base64, in which no name can stand.
///
/// # Errors
/// When they hold a secret in any encoding: with its name.
pub(crate) fn check_bytes(bytes: &[u8], redactor: &mut Redactor) -> Result<(), SecretTextError> {
    if !redactor.contains_secret(bytes) {
        return Ok(());
    }
    let mut found = redactor
        .secrets_in(&String::from_utf8_lossy(bytes))
        .into_iter();
    let name = found
        .next()
        .map_or_else(|| "a secret".to_owned(), |(name, _)| name);
    Err(SecretTextError(name))
}

/// Texts of a request with a name in the place of each secret.
pub(super) struct NamedSecrets<'a> {
    pub(super) split: &'a mut dyn FnMut(&str) -> Result<SecretText, SecretTextError>,
    /// The variable that a secret is given in.
    pub(super) variable: &'a dyn Fn(&str) -> String,
    /// How the format writes a variable.
    pub(super) written: fn(&str) -> String,
    /// The variables so far, each once.
    pub(super) names: Vec<String>,
}

impl NamedSecrets<'_> {
    /// # Errors
    /// When the text cannot be taken apart.
    pub(super) fn show(&mut self, text: &str) -> Result<String, SecretTextError> {
        let mut shown = String::new();
        for part in (self.split)(text)? {
            match part {
                TextPart::Literal(text) => shown.push_str(&text),
                TextPart::Secret(name) => {
                    let name = (self.variable)(&name);
                    shown.push_str(&(self.written)(&name));
                    if !self.names.contains(&name) {
                        self.names.push(name);
                    }
                }
            }
        }
        Ok(shown)
    }
}

/// Takes a text apart.
#[must_use]
pub(crate) fn split_secrets(text: &str, redactor: &mut Redactor) -> SecretText {
    let mut parts = Vec::new();
    // The redactor writes `‹cred.name›` for a secret. Marks that the request itself has, as the
    // placeholder of a fixture does, are taken out before, so that they are not taken for one.
    for raw in text.split_inclusive(MARKS) {
        let piece = raw.trim_end_matches(MARKS);
        for (index, piece) in redactor.redact(piece).split(MARKS).enumerate() {
            parts.push(if index % 2 == 0 {
                TextPart::Literal(piece.to_owned())
            } else {
                TextPart::Secret(piece.to_owned())
            });
        }
        parts.push(TextPart::Literal(raw[piece.len()..].to_owned()));
    }
    parts.retain(|part| !matches!(part, TextPart::Literal(text) if text.is_empty()));
    parts
}

/// The same, if a value in the place of each name gives the text again.
///
/// # Errors
/// With the first name that has no value, or whose value stands in the text in another form.
pub(crate) fn exact_secrets(
    text: &str,
    value_of: &dyn Fn(&str) -> Option<String>,
    redactor: &mut Redactor,
) -> Result<SecretText, SecretTextError> {
    let parts = split_secrets(text, redactor);
    let mut rest = text;
    let mut last = String::new();
    for part in &parts {
        let expected = match part {
            TextPart::Literal(text) => text.clone(),
            TextPart::Secret(name) => {
                last.clone_from(name);
                value_of(name).ok_or_else(|| SecretTextError(name.clone()))?
            }
        };
        rest = rest
            .strip_prefix(expected.as_str())
            .ok_or_else(|| SecretTextError(last.clone()))?;
    }
    if rest.is_empty() {
        Ok(parts)
    } else {
        Err(SecretTextError(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_only_where_its_value_gives_the_same_bytes() {
        let mut redactor = Redactor::default();
        redactor.add_secret("token.access_token", "tok+9f8e7d6c5b4a3210");
        let value =
            |name: &str| (name == "token.access_token").then(|| "tok+9f8e7d6c5b4a3210".to_owned());
        let mut split = |text: &str| exact_secrets(text, &value, &mut redactor);
        assert_eq!(
            split("Bearer tok+9f8e7d6c5b4a3210;x"),
            Ok(vec![
                TextPart::Literal("Bearer ".to_owned()),
                TextPart::Secret("token.access_token".to_owned()),
                TextPart::Literal(";x".to_owned()),
            ])
        );
        assert_eq!(
            split("/a?t=tok%2B9f8e7d6c5b4a3210"),
            Err(SecretTextError("token.access_token".to_owned()))
        );
        assert_eq!(split("/a ‹x› b").map(|parts| parts.len()), Ok(5));
    }
}
