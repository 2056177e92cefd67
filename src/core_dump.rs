//! Keeps secrets out of core dumps. A `Secret` is overwritten when it is dropped; a crash drops
//! nothing, and would write every live one to a file that outlasts the process. It refuses to go on
//! half protected: the first step that fails is an error.

/// Core dumps cannot be switched off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("core dumps of this process cannot be switched off, and one would hold secrets: {reason}")]
pub struct CoreDumpError {
    reason: String,
}

/// Switches core dumps of this process off, for as long as it lives. The programs that it starts
/// (a browser, git) inherit the limit.
///
/// # Errors
/// If the system denies it: a filter of system calls can.
#[cfg(unix)]
pub fn disable_core_dumps() -> Result<(), CoreDumpError> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let denied = |error: rustix::io::Errno| CoreDumpError {
        reason: error.to_string(),
    };
    // The hard limit too, so that nothing in this process can raise it again.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(denied)?;
    // Where `core_pattern` is a pipe (systemd-coredump), Linux does not look at the limit
    // (core(5)). A process that is not dumpable is written by neither, and other processes of
    // the same user can read neither its memory nor its environment.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(denied)?;
    }
    Ok(())
}

/// Elsewhere there is no limit to set: Windows writes a dump only where an administrator asked.
///
/// # Errors
/// Never: it has the signature of the other build.
#[cfg(not(unix))]
pub fn disable_core_dumps() -> Result<(), CoreDumpError> {
    Ok(())
}

#[cfg(test)]
impl CoreDumpError {
    pub(crate) fn new(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn neither_a_file_nor_a_pipe_gets_a_dump() {
        disable_core_dumps().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        disable_core_dumps().unwrap();
    }
}
