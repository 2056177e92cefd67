//! Keeps secrets out of core dumps. A `Secret` is overwritten when it is dropped; a crash drops
//! nothing, and would write every live one to a file that outlasts the process. It refuses to go on
//! half protected: the first step that fails is an error.

/// Core dumps cannot be switched off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ingam cannot disable core dumps of this process, which would contain secrets: {reason}")]
pub struct CoreDumpError {
    reason: String,
}

/// Switches core dumps of this process off, for as long as it lives. The programs that it starts
/// (a browser, git) inherit the limit.
///
/// # Errors
/// If the system denies it: a filter of system calls can.
pub fn disable_core_dumps() -> Result<(), CoreDumpError> {
    crate::platform::disable_core_dumps().map_err(|error| CoreDumpError {
        reason: error.to_string(),
    })
}

#[cfg(test)]
impl CoreDumpError {
    pub(crate) fn new(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
        }
    }
}
