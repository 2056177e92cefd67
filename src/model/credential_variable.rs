//! How the environment variables of credentials, secrets and variables are named.

/// What the variable of a secret of no scheme begins with.
pub(crate) const SECRET_PREFIX: &str = "INGAM_SECRET_";
/// What the variable begins with that sets a variable of templates.
pub(crate) const VAR_PREFIX: &str = "INGAM_VAR_";

/// The variable of `{{ secret.buyer_password }}`: `INGAM_SECRET_BUYER_PASSWORD`.
#[must_use]
pub(crate) fn secret_variable(name: &str) -> String {
    format!("{SECRET_PREFIX}{}", variable_part(name))
}

/// The variable of a credential: `INGAM_SHOPEE__LIVE__SG__ACCESS_TOKEN`.
#[must_use]
pub(crate) fn variable_name(
    scheme: &str,
    environment: Option<&str>,
    account: Option<&str>,
    name: &str,
) -> String {
    let parts: Vec<String> = [Some(scheme), environment, account, Some(name)]
        .into_iter()
        .flatten()
        .map(variable_part)
        .collect();
    format!("INGAM_{}", parts.join("__"))
}

/// A name as a part of a variable: capitals, `-`, `.` and `_` are one there.
#[must_use]
pub(crate) fn variable_part(text: &str) -> String {
    // POSIX shells accept only letters, digits and `_` in the name of a variable.
    text.to_uppercase().replace(['-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_named_after_its_scheme_environment_and_account() {
        assert_eq!(
            variable_name("naver-commerce", None, None, "client_id"),
            "INGAM_NAVER_COMMERCE__CLIENT_ID"
        );
        assert_eq!(
            variable_name("shopee", Some("live"), Some("sg"), "access_token"),
            "INGAM_SHOPEE__LIVE__SG__ACCESS_TOKEN"
        );
    }
}
