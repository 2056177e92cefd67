//! `ingam auth`

use super::session::{self, Chosen, Session};
use crate::cli::Exit;
use crate::cli::args::{AuthAct, AuthArgs, Global, Target};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::did_you_mean;
use crate::host::Host;
use crate::load::all_schemes;
use crate::model::scheme::Scheme;
use crate::render::Moment;
use crate::run::Context;
use crate::sign::{Inputs, authorize_draft, seal};
use crate::value::Value;

pub fn run(host: &Host, global: &Global, args: &AuthArgs, output: &Output) -> Exit {
    let AuthAct::Link { scheme, redirect, target } = &args.act;
    link(host, global, scheme, redirect, target, output).unwrap_or_else(|exit| exit)
}

/// Prints the link that a seller opens; it is signed with the application's key and dies with its timestamp.
fn link(host: &Host, global: &Global, name: &str, redirect: &str, target: &Target, output: &Output) -> Result<Exit, Exit> {
    if crate::wire::BaseUrl::parse(redirect.split(['?', '#']).next().unwrap_or_default()).is_err() {
        output.error(&format!("`{redirect}` is not an address to come back to"), &["write `https://…`".to_owned()]);
        return Err(Exit::Usage);
    }
    let mut loaded = settings::workspace(host, global, output)?;
    loaded.workspace.schemes = all_schemes(&mut loaded);
    let chosen = Chosen::new(&loaded, target, output)?;
    let Some(scheme) = loaded.workspace.scheme(name).cloned() else {
        let hint = did_you_mean(name, loaded.workspace.schemes.iter().map(|scheme| scheme.name.as_str()));
        output.error(&format!("there is no scheme `{name}`"), &hint.into_iter().collect::<Vec<_>>());
        return Err(Exit::Usage);
    };
    let runtime = session::runtime(output)?;
    let environment = if chosen.environment == crate::model::environment::SANDBOX {
        session::dry(host, &loaded, &chosen.environment, output)?
    } else {
        runtime.block_on(session::environment(host, &loaded, &chosen.environment, &[], output))?
    };
    let files = session::files(&loaded, output)?;
    let context = Session { host, global, loaded: &loaded, files: &files }.context(
        chosen,
        environment,
        target.account.clone(),
        false,
        output,
    )?;
    match signed_link(&scheme, redirect, &context) {
        Ok(url) => {
            output.data(&url);
            Ok(Exit::Success)
        }
        Err((reason, exit)) => {
            output.error(&reason, &[]);
            Err(exit)
        }
    }
}

fn signed_link(scheme: &Scheme, redirect: &str, context: &Context<'_>) -> Result<String, (String, Exit)> {
    let Some(authorize) = scheme.authorize.first() else {
        return Err((format!("the scheme `{}` has no authorization link", scheme.name), Exit::Usage));
    };
    let words = |error: crate::sign::SealError| (error.to_string(), Exit::Unable);
    // A public level needs the application's key only; the account is what the link is for.
    let level = scheme.levels.iter().find(|level| level.token.is_none()).unwrap_or(&scheme.levels[scheme.default_level]);
    let access = context.access(scheme, level, context.account.as_deref()).map_err(|error| {
        (format!("{error}{}", error.hint().map(|hint| format!("\n{hint}")).unwrap_or_default()), Exit::Credential)
    })?;
    let base = context
        .accesses
        .region_base(scheme, authorize.hosts.of(&access.region), &access.base)
        .map_err(|error| (error.to_string(), Exit::BadFile))?;
    let moment = Moment { unix_ms: scheme.clock.reading((context.clock)()), seed: (context.chance)() };
    let extra = [("redirect".to_owned(), Value::from(redirect)), ("state".to_owned(), Value::from(moment.random(1, 24)))];
    let inputs = Inputs { credentials: &access.credentials, token: None, moment, steps: &[], extra: &extra };
    let draft = authorize_draft(scheme, authorize, inputs).map_err(words)?;
    let sealed = seal(scheme, &authorize.procedure, draft, &base, inputs).map_err(words)?;
    Ok(sealed.request.url().to_string())
}
