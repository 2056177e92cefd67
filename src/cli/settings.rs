//! Settings fold here: default, then ingam.yaml, then the command line; what a command uses is the result.

use super::args::{Global, Target, Words};
use super::exit::Exit;
use super::output::Output;
use crate::diagnostic::{Diagnostics, did_you_mean};
use crate::host::HostContext;
use crate::load::{LoadedWorkspace, WORKSPACE_FILE, is_variable_name, load};
use crate::model::environment::{LIVE_ENV, SANDBOX_ENV};
use crate::model::workspace::Workspace;
use crate::plan::{CommandLineNames, RequestSelection, Shard, check_names, mentions_variable};
use crate::renew::HelperProcess;
use crate::store::{StoreConfig, StoreError, StoreKey, StoreLocation};
use crate::value::{ObjectMember, Value};
use std::path::{Path, PathBuf};

/// The root that was named, or the nearest folder above that looks like one.
#[must_use]
pub fn root(host: &HostContext, global: &Global) -> PathBuf {
    if let Some(root) = &global.root {
        return host.cwd.join(root);
    }
    let marks = [WORKSPACE_FILE, "ingam.yml", "requests"];
    let is_root = |folder: &&Path| marks.iter().any(|mark| folder.join(mark).exists());
    host.cwd.ancestors().find(is_root).unwrap_or(&host.cwd).to_owned()
}

/// Loads the workspace and shows its faults; `None` when there are errors.
pub fn workspace(host: &HostContext, global: &Global, output: &Output) -> Result<LoadedWorkspace, Exit> {
    let loaded = load_any(host, global, output)?;
    if !loaded.diagnostics.is_empty() {
        output.diagnostics(&loaded.diagnostics, &loaded.sources);
    }
    if loaded.has_errors() { Err(Exit::BadFile) } else { Ok(loaded) }
}

/// Loads the workspace without a word about its faults.
pub fn load_any(host: &HostContext, global: &Global, output: &Output) -> Result<LoadedWorkspace, Exit> {
    let root = root(host, global);
    load(&root, host.threads).map_err(|error| {
        output.error(&format!("the workspace `{}` cannot be read: {error}", root.display()), &[]);
        Exit::BadFile
    })
}

/// Whether the workspace's own default is no environment, which its diagnostics say.
pub fn names_no_environment(workspace: &Workspace) -> bool {
    !is_environment(workspace, &workspace.default_env)
}

fn is_environment(workspace: &Workspace, name: &str) -> bool {
    name == SANDBOX_ENV || name == LIVE_ENV || workspace.environment(name).is_some()
}

/// The environment that was named, or the workspace's own default.
pub fn environment(workspace: &Workspace, named: Option<&str>, output: &Output) -> Result<String, Exit> {
    let name = named.unwrap_or(&workspace.default_env);
    if is_environment(workspace, name) {
        return Ok(name.to_owned());
    }
    let mut names: Vec<&str> = workspace.environments.iter().map(|environment| environment.name.as_str()).collect();
    names.extend([SANDBOX_ENV, LIVE_ENV]);
    names.sort_unstable();
    names.dedup();
    output.error(&format!("there is no environment `{name}`"), &did_you_mean(name, names).into_iter().collect::<Vec<_>>());
    Err(Exit::Usage)
}

/// `--var NAME=VALUE`; a value arrives as written, as in files.
pub fn vars(target: &Target, output: &Output) -> Result<Vec<ObjectMember>, Exit> {
    let mut vars = Vec::new();
    for written in &target.var {
        let Some((name, value)) = written.split_once('=') else {
            output.error("`--var` takes a name and a value", &["write `--var keyword=무선`".to_owned()]);
            return Err(Exit::Usage);
        };
        if !is_variable_name(name) || crate::render::RESERVED_NAMES.contains(&name) {
            output.error(&format!("`{name}` cannot be the name of a variable"), &[]);
            return Err(Exit::Usage);
        }
        vars.push((name.into(), Value::from_scalar_text(value)));
    }
    Ok(vars)
}

/// What CI systems say of the parts of a job: index, total, and the number of the first.
const CI_SHARDS: [(&str, &str, u32); 7] = [
    // Kubernetes gives the pods of an Indexed Job their index, and nobody tells them how many there are.
    ("JOB_COMPLETION_INDEX", "INGAM_SHARDS", 0),
    ("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    ("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    ("SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1),
    ("SEMAPHORE_JOB_INDEX", "SEMAPHORE_JOB_COUNT", 1),
    ("INGAM_SHARD", "INGAM_SHARDS", 1),
];

/// `2/5`, or what the CI system says.
pub fn shard(host: &HostContext, text: &str, output: &Output) -> Result<Shard, Exit> {
    let found = if text == "auto" { ci_shard(host) } else { Shard::parse(text) };
    found.ok_or_else(|| {
        let hint = if text == "auto" {
            "no CI system says which part this is: set INGAM_SHARD and INGAM_SHARDS, or write `--shard 2/5`"
        } else {
            "write `--shard 2/5` for the second of five parts, or `--shard auto`"
        };
        output.error(&format!("`--shard` takes one of several parts, and `{text}` is none"), &[hint.to_owned()]);
        Exit::Usage
    })
}

fn ci_shard(host: &HostContext) -> Option<Shard> {
    CI_SHARDS.iter().find_map(|(index, total, first)| {
        let number = |name: &str| host.env_var(name)?.parse::<u32>().ok();
        Shard::new((number(index)? + 1).checked_sub(*first)?, number(total)?)
    })
}

/// `300ms`, `30s`, `2m`.
pub fn duration(option: &str, text: &str, output: &Output) -> Result<std::time::Duration, Exit> {
    crate::load::parse_duration(text).ok_or_else(|| {
        output.error(&format!("`{option}` takes a time, and `{text}` is none"), &["write `300ms`, `30s` or `2m`".to_owned()]);
        Exit::Usage
    })
}

/// Where tokens are kept: `INGAM_STORE`, or a folder of the user's own.
pub fn store(host: &HostContext, global: &Global) -> Result<StoreConfig, StoreError> {
    let place = match host.env_var("INGAM_STORE") {
        Some(text) => StoreLocation::parse(text)?,
        None => StoreLocation::Folder(host.state_folder().ok_or(StoreError::NoFolder)?.join("tokens")),
    };
    let parse =
        |text| StoreKey::parse(text).ok_or_else(|| StoreError::InvalidKey("INGAM_STORE_KEY holds no 32 bytes".to_owned()));
    let key = host.env_var("INGAM_STORE_KEY").map(parse).transpose()?;
    let key_file = host.config_folder().map(|folder| folder.join("store.key"));
    Ok(StoreConfig { location: place, key, key_file, plaintext: global.plain_store })
}

/// Where calls are counted: beside the tokens.
///
/// # Errors
/// When `INGAM_STORE` is no place.
pub fn budget(host: &HostContext) -> Result<crate::budget::BudgetLocation, StoreError> {
    use crate::budget::BudgetLocation as Books;
    let stored = host.env_var("INGAM_STORE").map(StoreLocation::parse).transpose()?;
    Ok(match (stored, host.state_folder()) {
        (Some(StoreLocation::Folder(folder)), _) => Books::Folder(folder.join("budget")),
        (Some(StoreLocation::Postgres(url)), _) => Books::Postgres(url),
        (None, Some(folder)) => Books::Folder(folder.join("budget")),
        (None, None) => Books::NoFolder,
    })
}

/// This program as a helper, with the variables that say how to reach the network and no others.
#[must_use]
pub fn helper(host: &HostContext) -> HelperProcess {
    let is_network = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.ends_with("_PROXY") || matches!(name.as_str(), "SSL_CERT_FILE" | "SSL_CERT_DIR" | "SYSTEMROOT")
    };
    let env = host.env.iter().filter(|(name, _)| is_network(name)).map(|(name, value)| (name.clone(), value.clone()));
    HelperProcess { program: host.executable.clone(), env: env.collect() }
}

/// What the command line gives over the files.
#[must_use]
pub fn given<'t>(target: &'t Target, vars: &[ObjectMember]) -> CommandLineNames<'t> {
    CommandLineNames {
        vars: vars.iter().map(|(name, _)| name.to_string()).collect(),
        account: target.account.as_deref(),
        requests: None,
    }
}

/// Every name that templates use must be known in this environment.
pub fn names(loaded: &LoadedWorkspace, environment: &str, given: &CommandLineNames<'_>, output: &Output) -> Result<(), Exit> {
    let mut faults = Diagnostics::default();
    check_names(&loaded.workspace, environment, given, &mut faults);
    let faults = faults.sorted();
    if !faults.is_empty() {
        output.diagnostics(&faults, &loaded.sources);
        return Err(Exit::BadFile);
    }
    known_vars(loaded, given, output)
}

/// A variable that nothing in the workspace defines or uses is a slip of the keys.
pub fn known_vars(loaded: &LoadedWorkspace, given: &CommandLineNames<'_>, output: &Output) -> Result<(), Exit> {
    match given.vars.iter().find(|name| !mentions_variable(&loaded.workspace, name)) {
        None => Ok(()),
        Some(name) => {
            let hint = did_you_mean(name, loaded.workspace.variable_fields().map(|field| field.name.as_str()));
            output.error(&format!("no request has a variable `{name}`"), &hint.into_iter().collect::<Vec<_>>());
            Err(Exit::Usage)
        }
    }
}

/// Words that name files from where the user stands become paths below the root.
#[must_use]
pub fn selection(words: &Words, host: &HostContext, root: &Path) -> RequestSelection {
    let below_root = |word: &String| {
        let path = host.cwd.join(word).canonicalize().ok();
        let below = path.as_deref().and_then(|path| path.strip_prefix(root).ok());
        below.map_or_else(|| word.clone(), |path| path.to_string_lossy().into_owned())
    };
    RequestSelection {
        patterns: words.words.iter().map(below_root).collect(),
        tags: words.tag.clone(),
        excluded_tags: words.not_tag.clone(),
    }
}
