//! `ingam import`: requests of other programs as files of this workspace. Everything is read, made
//! and checked before the first file is written; nothing is sent, and nothing overwritten unless
//! that is asked for.

mod dotenv_file;
mod given_file;
mod given_folder;
mod passing_files;
mod summary;
mod written_files;

use crate::cli::args::CollectionArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::diagnostic::{did_you_mean, join_names};
use crate::import::CollectionFormat;
use crate::load::all_schemes;
use crate::model::scheme::Scheme;
use crate::takeover::{TakeoverSettings, take_over};
use given_file::GivenCollection;
use passing_files::PassingFiles;
use std::path::Path;
use std::sync::Arc;
use written_files::ImportedFiles;

/// Takes a file over.
pub(crate) fn run(invocation: &Invocation<'_>, args: &CollectionArgs) -> CommandResult {
    let (format, file) = words(args)?;
    let given = GivenCollection::read(invocation.host, file, format)?;
    let mut loaded = settings::load_with_errors(invocation)?;
    loaded.workspace.schemes = all_schemes(&mut loaded);
    let workspace = &loaded.workspace;
    let scheme = args
        .scheme
        .as_deref()
        .map(|name| named_scheme(&workspace.schemes, name))
        .transpose()?;
    let folders = match args.into.as_deref() {
        Some(into) => into_folders(into)?,
        None => given.own_folders(),
    };
    let root = workspace.root.clone();
    let mut credentials = dotenv_file::NewCredentials::new(&root)?;
    let taken = take_over(
        workspace,
        &given.collection,
        &TakeoverSettings {
            folders,
            scheme,
            existing: credentials.existing(),
            source: &given.name,
        },
    );
    let passing = PassingFiles::check(invocation, &root, taken)?;
    let files = ImportedFiles::new(&root, &passing);
    credentials.add(&passing.credentials);
    let mut output = CommandOutput::default();
    if args.dry_run {
        files.show(&mut output);
        summary::add(&mut output, &passing, &credentials, true);
        return Ok(output);
    }
    if !args.force {
        files.refuse_existing()?;
    }
    // Where the second step fails, no credential is lost.
    credentials.write(&root)?;
    files.write()?;
    summary::add(&mut output, &passing, &credentials, false);
    Ok(output)
}

/// `FILE`, or `FORMAT FILE`.
fn words(args: &CollectionArgs) -> Result<(Option<CollectionFormat>, &str), CommandError> {
    let [first, rest @ ..] = args.words.as_slice() else {
        return Err(CommandError::usage("`ingam import` needs a file"));
    };
    let [file] = rest else {
        return Ok((None, first));
    };
    let names = || CollectionFormat::ALL.iter().map(|format| format.name());
    let format = CollectionFormat::ALL
        .into_iter()
        .find(|format| format.name() == first);
    let format = format.ok_or_else(|| {
        let hint = did_you_mean(first, names())
            .unwrap_or_else(|| format!("the formats are {}", join_names(names(), "and")));
        CommandError::usage("the first word is not a format").hint(hint)
    })?;
    Ok((Some(format), file))
}

fn named_scheme(schemes: &[Arc<Scheme>], name: &str) -> Result<Arc<Scheme>, CommandError> {
    let found = schemes.iter().find(|scheme| scheme.name == name);
    found.cloned().ok_or_else(|| {
        let names = schemes.iter().map(|scheme| scheme.name.as_str());
        let hint = did_you_mean(name, names)
            .unwrap_or_else(|| "`ingam scheme list` shows all of them".to_owned());
        CommandError::usage(format!("there is no scheme `{name}`")).hint(hint)
    })
}

/// A folder below `requests/`.
fn into_folders(into: &str) -> Result<Vec<String>, CommandError> {
    let below = into.trim_end_matches('/');
    let below = below
        .strip_prefix("requests")
        .map_or(below, |rest| rest.trim_start_matches('/'));
    let parts = Path::new(below).components();
    let parts: Option<Vec<String>> = parts
        .map(|part| match part {
            std::path::Component::Normal(name) => name.to_str().map(str::to_owned),
            _ => None,
        })
        .collect();
    parts.ok_or_else(|| {
        CommandError::usage(format!("`{into}` is not a folder below `requests/`"))
            .hint("use a name such as `shop/orders`, without `..`")
    })
}
