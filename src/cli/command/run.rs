//! `ingam run`

use super::session::{self, Chosen, Session};
use crate::cli::Exit;
use crate::cli::args::{Global, RunArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::event::Summary;
use crate::host::Host;
use crate::load::Loaded;
use crate::model::environment::Refresh;
use crate::plan::{Plan, select};
use crate::report::{Reporter, Terminal};
use crate::run::Context;
use crate::span::Sources;

pub fn run(host: &Host, global: &Global, args: &RunArgs, output: &Output) -> Exit {
    let runtime = match session::runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let exit = runtime.block_on(run_inside(host, global, args, output)).unwrap_or_else(|exit| exit);
    // A look-up of a name that still waits has nobody left to wait for it.
    runtime.shutdown_background();
    exit
}

async fn run_inside(host: &Host, global: &Global, args: &RunArgs, output: &Output) -> Result<Exit, Exit> {
    // The process ends with the run, and taking a large workspace apart piece by piece would only delay its end.
    let loaded: &Loaded = Box::leak(Box::new(settings::workspace(host, global, output)?));
    let chosen = Chosen::new(loaded, &args.target, output)?;
    let requests =
        select(&loaded.workspace, &settings::selection(&args.words, host, &loaded.workspace.root)).map_err(|error| {
            output.error(&error.to_string(), &error.hint().map(str::to_owned).into_iter().collect::<Vec<_>>());
            Exit::NothingSelected
        })?;
    let schemes = session::schemes_of(&loaded.workspace, &requests);
    session::check_account(loaded, &chosen.environment, args.target.account.as_deref(), &schemes, output)?;
    let plan = Plan::new(&requests, args.target.account.as_deref(), &loaded.workspace, &chosen.environment);
    let environment = session::environment(host, loaded, &chosen.environment, &schemes, output).await?;
    let files = session::files(loaded, output)?;
    let session = Session { host, global, loaded, files: &files };
    let mut context = session.context(chosen, environment, args.verbose, output)?;
    if let Some(refresh) = &args.refresh {
        context.tokens.refresh = if refresh == "never" { Refresh::Never } else { Refresh::Auto };
    }
    let mut terminal = Terminal::new(output.stdout(), output.out, args.verbose);
    let ended = tokio::select! {
        summary = listen(&plan, &context, &mut terminal, &loaded.sources) => Ok(summary),
        exit = interrupted() => Err(exit),
    };
    let summary = match ended {
        Ok(summary) => summary,
        Err(exit) => {
            let _ = terminal.interrupted(&loaded.sources);
            return Ok(exit);
        }
    };
    if plan.is_empty() {
        output.error("all that was selected is skipped", &["nothing was tested".to_owned()]);
    }
    Ok(Exit::of(&summary))
}

/// Runs the plan; a report that cannot be written does not stop it (a pipe that was closed has nobody to tell).
async fn listen(plan: &Plan<'_>, context: &Context<'_>, reporter: &mut dyn Reporter, sources: &Sources) -> Summary {
    crate::run::run(plan, context, &mut |event| {
        let _ = reporter.on(&event, sources);
    })
    .await
}

/// Ends with the code of the first signal that asks to stop.
#[cfg(unix)]
async fn interrupted() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => Exit::Interrupted,
        () = wait(SignalKind::terminate()) => Exit::Terminated,
        () = wait(SignalKind::hangup()) => Exit::HungUp,
    }
}

/// Ends when Ctrl-C is pressed: the other signals are not there.
#[cfg(not(unix))]
async fn interrupted() -> Exit {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
