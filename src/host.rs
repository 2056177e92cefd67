//! The outside world as plain values: arguments, environment variables, clock, random generator,
//! terminal. Read once, by `main`.

use crate::core_dump::CoreDumpError;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// 16 bytes from the random generator of the system.
pub type RandomSource = fn() -> Result<[u8; 16], RandomError>;

/// The random generator of the system failed. There is no fallback: with a constant, every key,
/// nonce, login state and id could be guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the random generator of this system failed: {reason}")]
pub struct RandomError {
    reason: String,
}

impl RandomError {
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

/// Random bytes for one run, from one seed of the system's generator. Only taking the seed can
/// fail, before anything is sent. Every later draw succeeds, without a system call.
pub(crate) struct SeededRng {
    seed: [u8; 32],
    draws: Cell<u64>,
}

impl SeededRng {
    /// # Errors
    /// If the random generator of the system fails.
    pub(crate) fn new(rng: RandomSource) -> Result<Self, RandomError> {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(&rng()?);
        seed[16..].copy_from_slice(&rng()?);
        Ok(Self {
            seed,
            draws: Cell::new(0),
        })
    }

    /// 16 bytes that differ from those of every other draw.
    #[must_use]
    pub(crate) fn draw(&self) -> [u8; 16] {
        let number = self.draws.get();
        self.draws.set(number + 1);
        // A hash with a secret seed: draws are sent as nonces and shown as ids, and none of them
        // must reveal the others.
        let hash: [u8; 32] = Sha256::new()
            .chain_update(self.seed)
            .chain_update(number.to_be_bytes())
            .finalize()
            .into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        bytes
    }
}

/// All that a command knows of the machine that it runs on.
#[derive(Clone)]
pub struct HostContext {
    pub args: Vec<OsString>,
    /// Variables whose name and value are UTF-8.
    pub env: BTreeMap<String, String>,
    pub cwd: PathBuf,
    /// The path of this program, which token renewal starts again. Empty if it is not known.
    pub executable: PathBuf,
    pub stdout: OutputStream,
    pub stderr: OutputStream,
    pub stdin_is_terminal: bool,
    pub threads: usize,
    pub color: ColorChoice,
    /// Whether a crash of this process writes no secrets to a disk; a command refuses to run
    /// otherwise.
    pub core_dumps_disabled: Result<(), CoreDumpError>,
    /// Unix milliseconds.
    pub clock: fn() -> i64,
    pub random_bytes: RandomSource,
}

/// The wall clock and the random generator, for code that needs nothing else of the machine.
#[derive(Clone, Copy)]
pub struct ClockAndRng {
    /// Unix milliseconds.
    pub clock: fn() -> i64,
    pub rng: RandomSource,
}

/// Whether output has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, as the variables say.
    #[default]
    Auto,
    Always,
    Never,
}

/// Where an output goes.
#[derive(Clone, Copy, Debug)]
pub struct OutputStream {
    pub is_terminal: bool,
    /// In columns. If it is no terminal, a default width.
    pub width: usize,
}

impl HostContext {
    #[must_use]
    pub fn clock_and_rng(&self) -> ClockAndRng {
        ClockAndRng {
            clock: self.clock,
            rng: self.random_bytes,
        }
    }

    #[must_use]
    pub fn env_var(&self, name: &str) -> Option<&str> {
        self.env
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether this is a CI job, by the same variables as insta.
    #[must_use]
    pub fn is_ci(&self) -> bool {
        self.env
            .get("CI")
            .map_or(self.env.contains_key("TF_BUILD"), |ci| {
                !["false", "0", ""].contains(&ci.as_str())
            })
    }

    /// The folder of the user's own settings, by the XDG rules, or what Windows has for it.
    #[must_use]
    pub fn config_folder(&self) -> Option<PathBuf> {
        let base = self
            .env_var("XDG_CONFIG_HOME")
            .or_else(|| self.env_var("APPDATA"))
            .map(PathBuf::from)
            // The XDG specification: a relative path is invalid and must be ignored.
            .filter(|path| path.is_absolute());
        Some(
            base.or_else(|| {
                self.env_var("HOME")
                    .map(|home| PathBuf::from(home).join(".config"))
            })?
            .join("ingam"),
        )
    }

    /// The folder of the state between runs, by the XDG rules, or what Windows has for it.
    #[must_use]
    pub fn state_folder(&self) -> Option<PathBuf> {
        let base = self
            .env_var("XDG_STATE_HOME")
            .or_else(|| self.env_var("LOCALAPPDATA"))
            .map(PathBuf::from)
            // The XDG specification: a relative path is invalid and must be ignored.
            .filter(|path| path.is_absolute());
        Some(
            base.or_else(|| {
                self.env_var("HOME")
                    .map(|home| PathBuf::from(home).join(".local/state"))
            })?
            .join("ingam"),
        )
    }

    /// Whether output to `terminal` has colours, by <https://no-color.org> and `CLICOLOR_FORCE`.
    #[must_use]
    pub fn allows_colour(&self, terminal: OutputStream) -> bool {
        match self.color {
            ColorChoice::Auto => {}
            ColorChoice::Always => return true,
            ColorChoice::Never => return false,
        }
        if self.env_var("NO_COLOR").is_some() || self.env_var("TERM") == Some("dumb") {
            return false;
        }
        terminal.is_terminal
            || self
                .env_var("CLICOLOR_FORCE")
                .is_some_and(|value| value != "0")
    }

    /// The current time in UTC, for output. Empty if the clock is outside of the calendar.
    #[must_use]
    pub fn utc_timestamp(&self) -> String {
        Timestamp::from_millisecond((self.clock)())
            .map(|time| time.to_string())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_no_ids_when_the_random_generator_fails_and_never_the_same_twice_when_it_works() {
        assert!(SeededRng::new(|| Err(RandomError::new("no entropy"))).is_err());
        let rng = SeededRng::new(|| Ok([1; 16])).unwrap();
        assert_ne!(rng.draw(), rng.draw());
    }
}
