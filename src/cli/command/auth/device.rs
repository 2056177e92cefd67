//! `ingam auth login` for a login that a person confirms on another device (RFC 8628): shows the
//! address and the code, and asks for the token until the person has decided. Between two requests
//! nothing is under way, so Ctrl-C ends the login and leaves nothing behind.

use super::context::{AuthContext, AuthWorkspace};
use super::token_families::{self, FamilyContext};
use crate::cli::args::LoginArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::model::environment::{Account, DEFAULT_ACCOUNT};
use crate::model::scheme::{Scheme, Token};
use crate::renew::{DeviceCodes, DeviceWait, RefreshError, RefreshKind};
use crate::secret::Secret;
use crate::tokens::FamilyRecord;
use crate::transport::human_duration;
use std::sync::Arc;

/// Whether this login is confirmed on another device: because it was asked for, or because the
/// scheme has no link.
pub(super) fn is_device_login(scheme: &Scheme, args: &LoginArgs) -> bool {
    let has_device = scheme.tokens.iter().any(|token| token.device.is_some());
    args.device || (has_device && scheme.authorize_links.is_empty())
}

pub(super) async fn login(
    auth: &AuthContext<'_>,
    room: &AuthWorkspace<'_>,
    scheme: &Arc<Scheme>,
    named: Option<&Account>,
    args: &LoginArgs,
) -> CommandResult {
    refuse_link_options(scheme, args)?;
    let token = device_token(scheme)?;
    // With the host of the account, which must be trusted by now: the application's secret goes
    // there before any person has confirmed anything.
    let access = room
        .context
        .environment
        .accesses
        .app_access(scheme, named)?;
    room.context
        .register_secrets(scheme, &access.credentials, &access.given_token);
    let family = FamilyContext {
        scheme,
        token,
        access: &access,
        credentials: access.credentials.clone(),
        account: named.map_or_else(
            || DEFAULT_ACCOUNT.to_owned(),
            |account| account.name.clone(),
        ),
    };
    let failed = |failure: RefreshError| room.renewal_error(&failure);
    let codes = family.device_codes(room).await.map_err(failed)?;
    // Whoever has it gets the tokens once the person has confirmed.
    room.context
        .state
        .redactor
        .borrow_mut()
        .add_secret("device_code", codes.device_code.expose());
    print_codes(auth, &codes, &family.account);
    let record = await_confirmation(room, &family, codes)
        .await
        .map_err(failed)?;
    let tokens = token_families::describe_tokens(room, scheme, &record);
    auth.output.print_message(&tokens);
    if record.pending_splits.is_empty() {
        return Ok(CommandOutput::default());
    }
    Ok(token_families::split_shared_pair(room, &family, &record).await)
}

/// The options of a login by a link mean nothing here.
fn refuse_link_options(scheme: &Scheme, args: &LoginArgs) -> Result<(), CommandError> {
    let given = [
        ("--link", args.link.is_some()),
        ("--redirect", args.redirect.is_some()),
        ("--port", args.port != 0),
    ];
    let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) else {
        return Ok(());
    };
    Err(CommandError::usage(format!(
        "`{option}` is for a login with a link, but `{}` uses a login on another device",
        scheme.name
    ))
    .hint("remove it"))
}

/// The token that a device login brings.
fn device_token(scheme: &Scheme) -> Result<&Token, CommandError> {
    let mut tokens = scheme.tokens.iter();
    tokens.find(|token| token.device.is_some()).ok_or_else(|| {
        CommandError::usage(format!(
            "the scheme `{}` has no login on another device",
            scheme.name
        ))
        .hint("none of its tokens has `device`: run the command without `--device`")
    })
}

fn print_codes(auth: &AuthContext<'_>, codes: &DeviceCodes, account: &str) {
    let code = &codes.user_code;
    auth.output.print_message(&format!(
        "open this address, sign in as the seller of `{account}`, and enter the code {code}:"
    ));
    auth.output.print_data(&codes.verification_uri);
    if let Some(address) = &codes.complete_uri {
        auth.output
            .print_message("or open this address, which contains the code:");
        auth.output.print_data(address);
    }
    auth.output.print_message(&format!(
        "waiting for the confirmation, at most {} (Ctrl-C ends the login):",
        human_duration(codes.polling.time_left())
    ));
}

/// Asks for the token until there is one, or there can be none.
async fn await_confirmation(
    room: &AuthWorkspace<'_>,
    family: &FamilyContext<'_>,
    codes: DeviceCodes,
) -> Result<FamilyRecord, RefreshError> {
    let mut polling = codes.polling;
    let mut last_failure = None;
    while let Some(wait) = polling.next_wait() {
        tokio::time::sleep(wait).await;
        let kind = RefreshKind::Device {
            device_code: Secret::new(codes.device_code.expose().clone()),
        };
        let failure = match family.renew(room, kind).await {
            Ok(record) => return Ok(record),
            Err(failure) => failure,
        };
        match failure.device_wait {
            Some(DeviceWait::Pending) => last_failure = None,
            Some(DeviceWait::SlowDown) => polling.slow_down(),
            // The person may confirm while the marketplace cannot be reached for a moment.
            None if !failure.needs_user_action && !failure.is_over_budget => {
                polling.back_off();
                last_failure = Some(failure);
            }
            None => return Err(failure),
        }
    }
    Err(last_failure.unwrap_or_else(|| {
        RefreshError::user_action(format!(
            "the login of `{}` was not confirmed in time",
            family.account
        ))
        .with_note("the code has expired: run the command again")
    }))
}
