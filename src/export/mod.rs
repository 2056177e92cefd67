//! Requests as other programs read them: a curl command line, HAR, a collection of Postman. A
//! request is written as ingam sends it, with a name in the place of each secret; where the name would
//! give other bytes than the secret, there is an error instead. `program` writes requests as programs
//! that sign by themselves.

mod curl;
mod har;
mod postman;
mod program;
mod secret_text;
#[cfg(test)]
mod tests;

pub(crate) use curl::{ShellValue, curl_command};
pub(crate) use har::har;
pub(crate) use postman::postman;
pub(crate) use program::{ProgramError, ProgramLanguage, ProgramSource, write_program};
pub(crate) use secret_text::{
    RequestSecrets, SecretTextError, check_bytes, exact_secrets, split_secrets,
};
