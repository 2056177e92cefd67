//! Resolves settings: the default, overridden by ingam.yaml, overridden by the command line.

use super::args::{GlobalArgs, RequestFilter, TargetArgs};
use super::command_error::CommandError;
use super::given_hosts::TRUST_HOSTS_VARIABLE;
use super::given_variables::check_given_names;
use super::invocation::Invocation;
use crate::budget::BudgetError;
use crate::calendar::parse_argument_time;
use crate::credentials::PROXY_PASSWORD;
use crate::diagnostic::{Diagnostic, Diagnostics, FaultCache, did_you_mean, pluralize};
use crate::host::HostContext;
use crate::load::{FileKind, LoadedWorkspace, WORKSPACE_FILE, load};
use crate::model::environment::{LIVE_ENV, SANDBOX_ENV};
use crate::model::workspace::Workspace;
use crate::plan::{
    CommandLineNames, CommandScope, RequestSelection, Shard, check_names, split_faults,
    split_unit_word, take_unneeded_faults,
};
use crate::renew::HelperProcess;
use crate::run::GivenVariable;
use crate::span::SourceMap;
use crate::tokens::{InvalidStoreLocation, StoreConfig, StoreError, StoreKey, StoreLocation};
use std::path::{Path, PathBuf};

/// The key of the sandbox's controls, unless `--control-key` names one.
pub(super) const CONTROL_KEY_VARIABLE: &str = "INGAM_CONTROL_KEY";

/// The key of `ingam gateway`, unless a file has it.
pub(super) const GATEWAY_KEY_VARIABLE: &str = "INGAM_GATEWAY_KEY";

/// The variables that are settings and no credentials.
pub(super) const SETTING_VARIABLES: [&str; 8] = [
    CONTROL_KEY_VARIABLE,
    GATEWAY_KEY_VARIABLE,
    "INGAM_STORE",
    "INGAM_STORE_KEY",
    OWN_SHARD.0,
    OWN_SHARD.1,
    TRUST_HOSTS_VARIABLE,
    PROXY_PASSWORD,
];

/// The root that was named, or the nearest folder above that looks like one.
#[must_use]
pub(super) fn find_root(host: &HostContext, global: &GlobalArgs) -> PathBuf {
    if let Some(root) = &global.root {
        return host.cwd.join(root);
    }
    root_above(&host.cwd).unwrap_or_else(|| host.cwd.clone())
}

/// The nearest folder, from this one up, that looks like the root of a workspace.
#[must_use]
pub(super) fn root_above(folder: &Path) -> Option<PathBuf> {
    let marks = [WORKSPACE_FILE, "ingam.yml", "requests"];
    // A link that leads nowhere marks a root, too: it is an error of this workspace.
    let is_root = |folder: &&Path| {
        marks
            .iter()
            .any(|mark| folder.join(mark).symlink_metadata().is_ok())
    };
    folder.ancestors().find(is_root).map(Path::to_owned)
}

/// Loads the workspace for a command that needs all of it; its warnings go to the collector.
///
/// # Errors
/// If the workspace cannot be read, or a file of it has a fault.
pub(super) fn load_workspace(invocation: &Invocation<'_>) -> Result<LoadedWorkspace, CommandError> {
    let mut loaded = load_with_errors(invocation)?;
    refuse_faults(invocation, &mut loaded, CommandScope::Everything)?;
    Ok(loaded)
}

/// Loads the workspace for a command that needs the settings and all files of some kinds.
///
/// # Errors
/// If the workspace cannot be read, or one of these files has a fault.
pub(super) fn load_kinds(
    invocation: &Invocation<'_>,
    kinds: &'static [FileKind],
) -> Result<LoadedWorkspace, CommandError> {
    let mut loaded = load_with_errors(invocation)?;
    refuse_faults(invocation, &mut loaded, CommandScope::Kinds(kinds))?;
    Ok(loaded)
}

/// Loads the workspace for a command that needs the requests which `words` select, in an
/// environment.
///
/// # Errors
/// If the workspace cannot be read, or a file that these requests need has a fault.
pub(super) fn load_requests(
    invocation: &Invocation<'_>,
    words: &[String],
    environment: Option<&str>,
) -> Result<LoadedWorkspace, CommandError> {
    let mut loaded = load_with_errors(invocation)?;
    refuse_requests(invocation, &mut loaded, words, environment)?;
    Ok(loaded)
}

/// # Errors
/// If a file has a fault that is needed by the requests which `words` select.
pub(super) fn refuse_requests(
    invocation: &Invocation<'_>,
    loaded: &mut LoadedWorkspace,
    words: &[String],
    environment: Option<&str>,
) -> Result<(), CommandError> {
    let words = &paths_below_root(words, invocation.host, &loaded.workspace.root);
    let scope = CommandScope::Requests { words, environment };
    refuse_faults(invocation, loaded, scope)
}

/// Faults of files that the command does not need become warnings.
fn refuse_faults(
    invocation: &Invocation<'_>,
    loaded: &mut LoadedWorkspace,
    scope: CommandScope<'_>,
) -> Result<(), CommandError> {
    let unneeded = take_unneeded_faults(loaded, scope);
    if loaded.has_errors() {
        return Err(CommandError::faults(
            invocation.faults(&loaded.diagnostics, loaded),
        ));
    }
    if !loaded.diagnostics.is_empty() {
        let faults = invocation.faults(&loaded.diagnostics, loaded);
        invocation.warnings.add_faults(faults);
    }
    if !unneeded.is_empty() {
        warn_of_unneeded(invocation, &unneeded, loaded);
    }
    Ok(())
}

fn warn_of_unneeded(invocation: &Invocation<'_>, faults: &[Diagnostic], loaded: &LoadedWorkspace) {
    let faults = invocation.faults(faults, loaded);
    let text = unneeded_faults_text(&faults.diagnostics, &faults.sources);
    let hint = "`ingam check` shows all faults";
    invocation.warnings.add_with_hint(text, hint);
}

/// One line for each fault, with its place. Long lists are cut: this is not what the user asked for.
fn unneeded_faults_text(faults: &[Diagnostic], sources: &SourceMap) -> String {
    const SHOWN: usize = 5;
    let line = |fault: &Diagnostic| {
        let place = match (fault.labels.first(), &fault.path) {
            (Some(label), _) => sources.location(label.span),
            (None, Some(path)) => path.display().to_string(),
            (None, None) => String::new(),
        };
        format!("\n  {place}: {}", fault.title)
    };
    let mut text = format!(
        "{} in files that this command does not need:",
        pluralize(faults.len(), "fault")
    );
    text.extend(faults.iter().take(SHOWN).map(line));
    if faults.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", faults.len() - SHOWN));
    }
    text
}

/// Loads the workspace, with faults or without.
///
/// # Errors
/// If the workspace cannot be read.
pub(super) fn load_with_errors(
    invocation: &Invocation<'_>,
) -> Result<LoadedWorkspace, CommandError> {
    let root = find_root(invocation.host, invocation.global);
    load(&root, invocation.host.threads).map_err(|error| unreadable_workspace(&root, &error))
}

pub(super) fn unreadable_workspace(root: &Path, error: &std::io::Error) -> CommandError {
    CommandError::file(format!(
        "the workspace `{}` cannot be read: {error}",
        root.display()
    ))
}

/// Whether `default_env` names no environment. The diagnostics of the workspace report it.
pub(super) fn has_unknown_default_env(workspace: &Workspace) -> bool {
    !has_environment(workspace, &workspace.default_env)
}

fn has_environment(workspace: &Workspace, name: &str) -> bool {
    name == SANDBOX_ENV || name == LIVE_ENV || workspace.environment(name).is_some()
}

/// The environment that was named, or the workspace's own default.
pub(super) fn resolve_environment(
    workspace: &Workspace,
    named: Option<&str>,
) -> Result<String, CommandError> {
    let name = named.unwrap_or(&workspace.default_env);
    if has_environment(workspace, name) {
        return Ok(name.to_owned());
    }
    let mut names: Vec<&str> = workspace
        .environments
        .iter()
        .map(|environment| environment.name.as_str())
        .collect();
    names.extend([SANDBOX_ENV, LIVE_ENV]);
    names.sort_unstable();
    names.dedup();
    Err(
        CommandError::usage(format!("there is no environment `{name}`"))
            .hints(did_you_mean(name, names)),
    )
}

/// The time of `--at`, in Unix milliseconds.
pub(super) fn pretended_time_ms(at: Option<&str>) -> Result<Option<i64>, CommandError> {
    let Some(text) = at else {
        return Ok(None);
    };
    let time = parse_argument_time(text).map_err(|_| {
        CommandError::usage(format!("`{text}` is not a time")).hint(
            "write 2026-11-22T09:00:00Z, an offset such as +09:00 instead of Z, 2026-11-22, Unix seconds or milliseconds, or the format of an HTTP header or a signature",
        )
    })?;
    Ok(Some(time.as_millisecond()))
}

/// The variables of CI systems for the parts of a job: index, total, and the number of the first.
const CI_SHARDS: [(&str, &str, u32); 7] = [
    OWN_SHARD,
    // Kubernetes gives the pods of an Indexed Job their index, but not their number.
    ("JOB_COMPLETION_INDEX", "INGAM_SHARDS", 0),
    ("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    ("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    ("SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1),
    ("SEMAPHORE_JOB_INDEX", "SEMAPHORE_JOB_COUNT", 1),
];

/// The user's own variables come first: they are about this run, the variables of the CI system
/// about the job around it.
const OWN_SHARD: (&str, &str, u32) = ("INGAM_SHARD", "INGAM_SHARDS", 1);

/// `2/5`, or what the CI system says.
pub(super) fn parse_shard(host: &HostContext, text: &str) -> Result<Shard, CommandError> {
    if text == "auto" {
        return shard_from_ci(host);
    }
    Shard::parse(text).ok_or_else(|| {
        CommandError::usage(format!(
            "`--shard` needs a part such as `2/5`, but got `{text}`"
        ))
        .hint("write `--shard 2/5` for the second of five parts, or `--shard auto`")
    })
}

fn shard_from_ci(host: &HostContext) -> Result<Shard, CommandError> {
    for (index, total, first) in CI_SHARDS {
        // A system that splits no job sets neither variable, or only the total.
        let Some(index_text) = host.env_var(index) else {
            continue;
        };
        let total_text = match host.env_var(total) {
            Some(text) => text,
            None if index == OWN_SHARD.0 => "",
            None => continue,
        };
        // Another system's variables must not win over variables that are set and wrong: this job
        // would run the part of another one, and its own part would not run at all.
        return shard_of_variables(index_text, total_text, first).ok_or_else(|| {
            CommandError::usage(format!(
                "`--shard auto` cannot use {index}=`{index_text}` and {total}=`{total_text}`"
            ))
            .hint(format!(
                "the number of the first part is {first}; set both variables to whole numbers, or write `--shard 2/5`"
            ))
        });
    }
    Err(
        CommandError::usage("`--shard auto` found no variables of a CI system")
            .hint("set INGAM_SHARD and INGAM_SHARDS, or write `--shard 2/5`"),
    )
}

/// `first` is the number that the CI system gives the first part.
fn shard_of_variables(index: &str, total: &str, first: u32) -> Option<Shard> {
    let index = index.parse::<u32>().ok()?;
    // An index below `first` gives 0, which `Shard::new` refuses.
    let number = index.checked_add(1)?.checked_sub(first)?;
    Shard::new(number, total.parse().ok()?)
}

/// `300ms`, `30s`, `2m`.
pub(super) fn parse_duration_option(
    option: &str,
    text: &str,
) -> Result<std::time::Duration, CommandError> {
    crate::load::parse_duration(text).ok_or_else(|| {
        CommandError::usage(format!("`{option}` needs a duration, but got `{text}`"))
            .hint("write `300ms`, `30s` or `2m`")
    })
}

/// Where tokens are kept: `INGAM_STORE`, or a folder of the user's own.
pub(super) fn store_config(
    host: &HostContext,
    global: &GlobalArgs,
) -> Result<StoreConfig, StoreError> {
    let place = match host.env_var("INGAM_STORE") {
        Some(text) => StoreLocation::parse(text)?,
        None => StoreLocation::Folder(
            host.state_folder()
                .ok_or(StoreError::NoFolder)?
                .join("tokens"),
        ),
    };
    let parse = |text| {
        StoreKey::parse(text).ok_or_else(|| {
            StoreError::InvalidKey("INGAM_STORE_KEY is not a key of 32 bytes".to_owned())
        })
    };
    let key = host.env_var("INGAM_STORE_KEY").map(parse).transpose()?;
    let key_file = host.config_folder().map(|folder| folder.join("store.key"));
    Ok(StoreConfig {
        location: place,
        key,
        key_file,
        plaintext: global.plain_store,
        inbox_folder: host.state_folder().map(|folder| folder.join("inbox")),
    })
}

/// The folders of this user's credentials and tokens, as far as they exist.
#[must_use]
pub(super) fn secret_folders(host: &HostContext) -> Vec<PathBuf> {
    let store = host
        .env_var("INGAM_STORE")
        .and_then(|text| StoreLocation::parse(text).ok());
    let store = match store {
        Some(StoreLocation::Folder(folder)) => Some(folder),
        Some(StoreLocation::Postgres(_)) | None => None,
    };
    [host.config_folder(), host.state_folder(), store]
        .into_iter()
        .flatten()
        // A folder that does not exist holds no file that a body could be.
        .filter_map(|folder| folder.canonicalize().ok())
        .collect()
}

/// Whether a resolved path is in a folder of [`secret_folders`].
#[must_use]
pub(super) fn is_in_secret_folder(folders: &[PathBuf], path: &Path) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

/// Whether a file is one of the `.env` files, also on a file system that ignores case.
#[must_use]
pub(super) fn is_env_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.to_ascii_lowercase().starts_with(".env")
}

/// Where calls are counted: beside the tokens.
///
/// # Errors
/// If `INGAM_STORE` is no valid location.
pub(super) fn budget_location(
    host: &HostContext,
) -> Result<crate::budget::BudgetLocation, BudgetError> {
    use crate::budget::BudgetLocation as Books;
    // A team that shares tokens also shares the marketplace's rate limits.
    let stored = host
        .env_var("INGAM_STORE")
        .map(StoreLocation::parse)
        .transpose()
        .map_err(|InvalidStoreLocation| BudgetError::InvalidLocation)?;
    Ok(match (stored, host.state_folder()) {
        (Some(StoreLocation::Folder(folder)), _) => Books::Folder(folder.join("budget")),
        (Some(StoreLocation::Postgres(url)), _) => Books::Postgres(url),
        (None, Some(folder)) => Books::Folder(folder.join("budget")),
        (None, None) => Books::NoFolder,
    })
}

/// This program as a helper, with the variables that say how to reach the network and no others.
///
/// # Errors
/// If the system does not say where this program is. Without the error the first renewal would
/// fail when it starts a program without a name.
pub(super) fn renewal_helper(host: &HostContext) -> Result<HelperProcess, CommandError> {
    if host.executable.as_os_str().is_empty() {
        return Err(CommandError::operation(
            "ingam cannot find the path of its own program, which it needs to renew tokens",
        ));
    }
    // The helper gets its credentials through a pipe. The rest of the environment holds secrets
    // that it does not need.
    let is_network = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.ends_with("_PROXY")
            || matches!(
                name.as_str(),
                "SSL_CERT_FILE" | "SSL_CERT_DIR" | "SYSTEMROOT"
            )
    };
    let env = host
        .env
        .iter()
        .filter(|(name, _)| is_network(name))
        .map(|(name, value)| (name.clone(), value.clone()));
    Ok(HelperProcess {
        program: host.executable.clone(),
        env: env.collect(),
    })
}

/// The names that the command line defines in addition to the files.
#[must_use]
pub(super) fn command_line_overrides<'t>(
    target: &'t TargetArgs,
    vars: &[GivenVariable],
) -> CommandLineNames<'t> {
    CommandLineNames {
        vars: vars.iter().map(|given| given.name.to_string()).collect(),
        account: target.account.as_deref(),
        requests: None,
    }
}

/// Every name that templates use must be known in this environment. Faults of files that the
/// command does not need become warnings.
pub(super) fn check_template_names(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    environment: &str,
    given: &CommandLineNames<'_>,
    scope: CommandScope<'_>,
) -> Result<(), CommandError> {
    let mut faults = Diagnostics::default();
    check_names(
        &loaded.workspace,
        environment,
        given,
        (&mut FaultCache::default(), &mut faults),
    );
    let faults = faults.sorted();
    if !faults.is_empty() {
        let (needed, unneeded) = split_faults(loaded, faults, scope);
        if !needed.is_empty() {
            return Err(CommandError::faults(invocation.faults(&needed, loaded)));
        }
        warn_of_unneeded(invocation, &unneeded, loaded);
    }
    let given = given.vars.iter().map(String::as_str);
    check_given_names(&loaded.workspace, given)
}

/// What the command line selects.
#[must_use]
pub(super) fn request_selection(
    words: &RequestFilter,
    host: &HostContext,
    root: &Path,
) -> RequestSelection {
    RequestSelection {
        patterns: paths_below_root(&words.patterns, host, root),
        tags: words.tag.clone(),
        excluded_tags: words.not_tag.clone(),
    }
}

/// Patterns that name files relative to the current folder become paths below the root.
pub(super) fn paths_below_root(words: &[String], host: &HostContext, root: &Path) -> Vec<String> {
    let below_root = |word: &String| {
        // A pattern that is no path, such as a glob or an id, stays as it is.
        let (file, rest) = split_unit_word(word);
        if file.is_empty() {
            return word.clone();
        }
        let path = host.cwd.join(file).canonicalize().ok();
        let below = path
            .as_deref()
            .and_then(|path| path.strip_prefix(root).ok());
        below.map_or_else(
            || word.clone(),
            |path| format!("{}{rest}", path.to_string_lossy()),
        )
    };
    words.iter().map(below_root).collect()
}
