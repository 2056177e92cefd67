//! The outside world as plain values: arguments, environment variables, clock, chance, terminal.
//! Read once, by `main`.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// What a command may know of the machine that it runs on.
#[derive(Clone)]
pub struct HostContext {
    pub args: Vec<OsString>,
    /// Variables whose name and value are UTF-8.
    pub env: BTreeMap<String, String>,
    pub cwd: PathBuf,
    /// This program, to start it again.
    pub executable: PathBuf,
    pub stdout: OutputStream,
    pub stderr: OutputStream,
    pub stdin_is_terminal: bool,
    pub threads: usize,
    /// Unix milliseconds.
    pub clock: fn() -> i64,
    pub random_bytes: fn() -> [u8; 16],
}

/// The wall clock and the random generator, for whoever needs nothing else of the machine.
#[derive(Clone, Copy)]
pub struct ClockAndRng {
    /// Unix milliseconds.
    pub clock: fn() -> i64,
    pub rng: fn() -> [u8; 16],
}

/// Where an output goes.
#[derive(Clone, Copy, Debug)]
pub struct OutputStream {
    pub is_terminal: bool,
    /// In columns; of something that is no terminal, a width that nothing is cut to.
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

    /// Whether nobody looks: continuous integration, by the variables that insta looks at.
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
            .filter(|path| path.is_absolute());
        Some(
            base.or_else(|| {
                self.env_var("HOME")
                    .map(|home| PathBuf::from(home).join(".config"))
            })?
            .join("ingam"),
        )
    }

    /// The folder of what is kept between runs, by the XDG rules, or what Windows has for it.
    #[must_use]
    pub fn state_folder(&self) -> Option<PathBuf> {
        let base = self
            .env_var("XDG_STATE_HOME")
            .or_else(|| self.env_var("LOCALAPPDATA"))
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        Some(
            base.or_else(|| {
                self.env_var("HOME")
                    .map(|home| PathBuf::from(home).join(".local/state"))
            })?
            .join("ingam"),
        )
    }

    /// Whether output to `terminal` should have colours: <https://no-color.org>, and the customs of `CLICOLOR_FORCE`.
    #[must_use]
    pub fn allows_colour(&self, terminal: OutputStream) -> bool {
        if self.env_var("NO_COLOR").is_some() || self.env_var("TERM") == Some("dumb") {
            return false;
        }
        terminal.is_terminal
            || self
                .env_var("CLICOLOR_FORCE")
                .is_some_and(|value| value != "0")
    }

    /// A time for people, in UTC.
    #[must_use]
    pub fn utc_timestamp(&self) -> String {
        Timestamp::from_millisecond((self.clock)())
            .map(|time| time.to_string())
            .unwrap_or_default()
    }
}
