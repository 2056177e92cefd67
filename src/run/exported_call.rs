//! One step as another program would send it: signed with the real token, and nothing is sent but
//! what a token needs.

use super::access::AccountAccess;
use super::context::RunContext;
use super::explain::{ExplainError, render_step};
use super::step_error::StepError;
use super::token::TokenQuery;
use crate::model::request::Step;
use crate::model::scheme::{Level, Scheme};
use crate::plan::Unit;
use crate::sign::{NamedValues, SealedRequest, SigningInputs, choose_level, seal};
use crate::value::Value;
use crate::wire::{Draft, WireRequest};
use std::rc::Rc;

/// A step with everything that it is signed with.
pub(crate) struct ExportedCall<'c> {
    pub(crate) scheme: &'c Scheme,
    pub(crate) level: &'c Level,
    /// The account that the unit or the step names.
    pub(crate) account: Option<String>,
    pub(crate) access: Rc<AccountAccess>,
    /// Before the scheme adds anything.
    pub(crate) draft: Draft,
}

impl<'c> ExportedCall<'c> {
    /// # Errors
    /// When a template cannot be rendered, or an account or a credential cannot be resolved.
    pub(crate) fn new(
        unit: &'c Unit<'_>,
        step: &'c Step,
        context: &'c RunContext<'c>,
        now_ms: i64,
    ) -> Result<Self, ExplainError> {
        let fresh = context.fresh_values_at(now_ms);
        let rendered = render_step(unit, step, context, fresh)?;
        let (scheme, draft) = (rendered.scheme, rendered.draft);
        let level = choose_level(scheme, step.level_name(), step.method, &draft.path);
        let account = rendered.account.map(str::to_owned);
        let access = context.draft_access((scheme, level), &draft, account.as_deref());
        Ok(Self {
            scheme,
            level,
            account,
            access: access.map_err(StepError::from)?,
            draft,
        })
    }

    /// The call as it is sent at this time, and the values of its token. A token that is about to
    /// expire is renewed.
    ///
    /// # Errors
    /// When there is no good token, or a step of the signature cannot be computed.
    pub(crate) async fn sealed(
        &self,
        context: &RunContext<'_>,
        now_ms: i64,
    ) -> Result<(WireRequest, NamedValues), ExplainError> {
        let token = match self.scheme.token_for_level(self.level) {
            None => self.access.given_token.clone(),
            Some(token) => {
                let query = TokenQuery {
                    scheme: self.scheme,
                    token,
                    access: &self.access,
                    context,
                };
                query.get().await.map_err(StepError::from)?.values
            }
        };
        context.register_secrets(self.scheme, &self.access.credentials, &token);
        let SealedRequest { request, trace } = seal(
            self.scheme,
            &self.level.procedure,
            self.draft.clone(),
            &self.access.call_base,
            SigningInputs {
                credentials: &self.access.credentials,
                token: Some(&token),
                moment: context.fresh_values_at(self.scheme.clock.request_time_ms(now_ms)),
                steps: &[],
                extra: &[],
            },
        )
        .map_err(StepError::from)?;
        context.register_trace(&trace);
        Ok((request, token))
    }

    /// The value of a secret that the redactor names `cred.…`, `token.…` or `secret.…`.
    pub(crate) fn secret_value(
        &self,
        name: &str,
        token: &NamedValues,
        context: &RunContext<'_>,
    ) -> Option<String> {
        let (kind, name) = name.split_once('.')?;
        match kind {
            "cred" => self.access.credentials.get(name),
            "token" => token.get(name),
            "secret" => return context.environment.secrets.value(name),
            _ => None,
        }
        .and_then(Value::to_plain_text)
    }
}
