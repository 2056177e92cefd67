//! An address of an argument that pushes are sent to.

use super::command_error::CommandError;
use crate::wire::{BaseUrlError, RegisteredAddress, RegisteredAddressError};

/// `hint` says what to pass where the text is no address at all.
///
/// # Errors
/// When it is not `http` or `https`, names a user, or has characters that no address has.
pub(super) fn parse_address(
    flag: &str,
    text: &str,
    hint: &str,
) -> Result<RegisteredAddress, CommandError> {
    RegisteredAddress::parse(text).map_err(|error| {
        if let RegisteredAddressError::Url(BaseUrlError::UserInfo(_)) = error {
            // The text itself holds a password.
            return CommandError::usage(format!("`{flag}` contains a user"))
                .hint("remove the user and the password");
        }
        let hint = match &error {
            RegisteredAddressError::Fragment(_) => "remove the part that begins with `#`",
            RegisteredAddressError::Characters(_) => {
                "percent-encode spaces and non-ASCII letters, exactly as registered with the marketplace"
            }
            RegisteredAddressError::Url(_) => hint,
        };
        CommandError::usage(format!("`{flag}`: {error}")).hint(hint)
    })
}
