//! Completion of a command line: the shell starts the program with the words so far and the variable
//! `COMPLETE`, and shows what it prints. Besides commands and options it knows the requests, tags,
//! environments, accounts and schemes of the workspace. It sends nothing and reads no credential.

use super::args::{CliArgs, GlobalArgs};
use super::command_error::CommandError;
use super::settings;
use crate::host::HostContext;
use crate::load::load;
use crate::model::environment::{LIVE_ENV, SANDBOX_ENV};
use crate::model::workspace::Workspace;
use crate::schemes::BUILT_IN_SCHEMES;
use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

/// Set by the script of `ingam completions` to the name of the shell.
pub(super) const COMPLETE_VARIABLE: &str = "COMPLETE";

const PROGRAM: &str = "ingam";

/// The script with which a shell asks this program.
///
/// # Errors
/// When the shell is not known.
pub(super) fn registration(shell: &str) -> Result<String, CommandError> {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    let known = shells.completer(shell).ok_or_else(|| unknown(shell))?;
    known
        .write_registration(COMPLETE_VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)
        .map_err(|error| {
            CommandError::operation(format!("the script cannot be generated: {error}"))
        })?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// What a shell can put in the place of the word at the cursor, in the form that its script reads.
///
/// # Errors
/// When the shell is not known, or its script is of another version.
pub(super) fn complete(host: &HostContext, shell: &str) -> Result<String, CommandError> {
    let shells = Shells::builtins();
    let known = shells.completer(shell).ok_or_else(|| unknown(shell))?;
    let words = words(host);
    let mut command = with_values(CliArgs::command(), &Arc::new(Asked::new(host, &words)));
    let mut found = Vec::new();
    known
        .write_complete(&mut command, words, Some(&host.cwd), &mut found)
        .map_err(|error| {
            CommandError::usage(format!(
                "the completion script does not match this version of ingam: {error}"
            ))
            .hint(format!(
                "load it again: `ingam completions {shell}` prints it"
            ))
        })?;
    Ok(String::from_utf8_lossy(&found).into_owned())
}

fn unknown(shell: &str) -> CommandError {
    CommandError::usage(format!("the shell `{shell}` is not supported"))
        .hint("`ingam completions --help` lists the shells")
}

/// The words of the command line, which stand behind `--`.
fn words(host: &HostContext) -> Vec<OsString> {
    let mut words = host.args.iter().skip_while(|word| *word != "--");
    words.next();
    words.cloned().collect()
}

/// What is asked for, and where.
struct Asked {
    host: HostContext,
    root: PathBuf,
}

impl Asked {
    fn new(host: &HostContext, words: &[OsString]) -> Self {
        let mut following = words.iter().skip_while(|word| *word != "--root").skip(1);
        let joined = words
            .iter()
            .find_map(|word| word.to_str()?.strip_prefix("--root=").map(PathBuf::from));
        let global = GlobalArgs {
            root: following.next().map(PathBuf::from).or(joined),
            ..GlobalArgs::default()
        };
        Self {
            root: settings::find_root(host, &global),
            host: host.clone(),
        }
    }

    /// A workspace with faults has names all the same; without one there is nothing to offer, and
    /// an error would only disturb the line that is being typed.
    fn workspace(&self) -> Option<Workspace> {
        let loaded = load(&self.root, self.host.threads).ok()?;
        Some(loaded.workspace)
    }
}

/// What the values of an argument are.
#[derive(Clone, Copy)]
enum CompletedValue {
    Request,
    Tag,
    Environment,
    Account,
    Scheme,
}

impl CompletedValue {
    fn of(arg: &Arg) -> Option<Self> {
        let value = arg.get_value_names().and_then(|names| names.first());
        match (arg.get_id().as_str(), value.map(clap::builder::Str::as_str)) {
            (_, Some("REQUEST")) => Some(Self::Request),
            (_, Some("TAG")) => Some(Self::Tag),
            (_, Some("SCHEME")) | ("scheme", _) => Some(Self::Scheme),
            ("env", _) => Some(Self::Environment),
            ("account", _) => Some(Self::Account),
            _ => None,
        }
    }

    fn names(self, asked: &Asked) -> Vec<String> {
        let found = asked.workspace();
        let workspace = found.as_ref();
        let mut names: Vec<String> = match self {
            Self::Request => workspace
                .iter()
                .flat_map(|workspace| &workspace.requests)
                .map(|request| request.name.clone())
                .collect(),
            Self::Tag => workspace
                .iter()
                .flat_map(|workspace| &workspace.requests)
                .flat_map(|request| request.tags.iter().cloned())
                .collect(),
            Self::Environment => workspace
                .iter()
                .flat_map(|workspace| &workspace.environments)
                .map(|one| one.name.clone())
                .chain([LIVE_ENV, SANDBOX_ENV].map(str::to_owned))
                .collect(),
            Self::Account => workspace
                .iter()
                .flat_map(|workspace| &workspace.environments)
                .flat_map(|one| one.accounts.iter().map(|account| account.name.clone()))
                .collect(),
            Self::Scheme => workspace
                .iter()
                .flat_map(|workspace| &workspace.schemes)
                .map(|scheme| scheme.name.clone())
                .chain(BUILT_IN_SCHEMES.iter().map(|(name, _)| (*name).to_owned()))
                .collect(),
        };
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The command with values for its arguments, and those of its commands.
fn with_values(command: Command, asked: &Arc<Asked>) -> Command {
    let (of_args, of_commands) = (Arc::clone(asked), Arc::clone(asked));
    command
        .mut_args(move |arg| match CompletedValue::of(&arg) {
            Some(kind) => arg.add(completer(kind, Arc::clone(&of_args))),
            None => arg,
        })
        .mut_subcommands(move |inner| with_values(inner, &of_commands))
}

fn completer(kind: CompletedValue, asked: Arc<Asked>) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| {
        let Some(current) = current.to_str() else {
            return Vec::new();
        };
        let names = kind.names(&asked).into_iter();
        names
            .filter(|name| name.starts_with(current))
            .map(CompletionCandidate::new)
            .collect()
    })
}
