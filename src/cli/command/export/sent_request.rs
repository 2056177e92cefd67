//! A request as it is sent now: its signature and its time stand in it.

use super::RequestExporter;
use crate::cli::command_error::CommandError;
use crate::cli::exit_status::FailureClass;
use crate::export::{
    SecretTextError, ShellValue, check_bytes, curl_command, exact_secrets, har, postman,
};
use crate::model::credential_variable::secret_variable;
use crate::model::environment::DEFAULT_ACCOUNT;
use crate::report::format_duration;
use crate::run::ExportedCall;
use crate::sign::NamedValues;
use crate::wire::WireRequest;

/// The names of secrets begin so: of credentials, of tokens, of the user's own.
const CREDENTIAL: &str = "cred";
const TOKEN: &str = "token";

/// A form in which a request is written as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentFormat {
    Curl,
    Har,
    Postman,
}

impl RequestExporter<'_> {
    /// The text, and what the user should know of it.
    pub(super) async fn export_sent(
        &self,
        format: SentFormat,
    ) -> Result<(String, Vec<String>), CommandError> {
        let call = ExportedCall::new(self.unit, self.step, self.context, self.now_ms)
            .map_err(|error| self.fault(&error))?;
        let (wire, token) = call
            .sealed(self.context, self.now_ms)
            .await
            .map_err(|error| self.fault(&error))?;
        let sent = SentRequest {
            exporter: self,
            call: &call,
            wire: &wire,
            token: &token,
        };
        sent.check_body(format)?;
        let text = sent.text(format).map_err(|error| {
            CommandError::new(FailureClass::Check, format!("the request cannot be written in this format: {error}"))
                .hint("a secret can be replaced by its name only where the secret itself is sent; `ingam explain` shows the request")
        })?;
        Ok((text, sent.notes()))
    }
}

impl RequestExporter<'_> {
    /// The words of the command that prints the access token, if ingam keeps it.
    pub(super) fn token_command(&self, call: &ExportedCall<'_>) -> Option<Vec<String>> {
        let is_stored = call.access.given_token.get("access_token").is_none();
        let words = [
            "ingam",
            "auth",
            "token",
            call.account.as_deref().unwrap_or(DEFAULT_ACCOUNT),
            "--scheme",
            &call.scheme.name,
            "--env",
            &self.context.options.environment,
        ];
        is_stored.then(|| words.map(str::to_owned).to_vec())
    }

    /// The variable that holds a secret.
    pub(super) fn variable(&self, call: &ExportedCall<'_>, secret: &str) -> String {
        let accesses = &self.context.environment.accesses;
        match secret.split_once('.') {
            Some((CREDENTIAL | TOKEN, name)) => {
                accesses.holding_variable(call.scheme, call.account.as_deref(), name)
            }
            Some((_, name)) => secret_variable(name),
            None => secret.to_owned(),
        }
    }
}

struct SentRequest<'s> {
    exporter: &'s RequestExporter<'s>,
    call: &'s ExportedCall<'s>,
    wire: &'s WireRequest,
    token: &'s NamedValues,
}

impl SentRequest<'_> {
    /// # Errors
    /// When the format cannot hold the body.
    fn check_body(&self, format: SentFormat) -> Result<(), CommandError> {
        let is_text = match (format, std::str::from_utf8(self.wire.body())) {
            (SentFormat::Har, _) => true,
            (SentFormat::Curl, Ok(text)) => !text.contains('\0'),
            (_, body) => body.is_ok(),
        };
        if is_text {
            return Ok(());
        }
        Err(CommandError::new(
            FailureClass::Check,
            "the body is binary, and this format can hold only text",
        )
        .hint("`ingam export har` writes them in base64"))
    }

    fn text(&self, format: SentFormat) -> Result<String, SecretTextError> {
        let context = self.exporter.context;
        let mut redactor = context.state.redactor.borrow_mut();
        if std::str::from_utf8(self.wire.body()).is_err() {
            check_bytes(self.wire.body(), &mut redactor)?;
        }
        let value = |name: &str| self.call.secret_value(name, self.token, context);
        let mut split = |text: &str| exact_secrets(text, &value, &mut redactor);
        match format {
            SentFormat::Curl => curl_command(self.wire, &mut split, &|name| self.shell_value(name)),
            SentFormat::Har => har(self.wire, &self.signed_at(), &mut split, &|name| {
                self.variable(name)
            }),
            SentFormat::Postman => {
                let title = self.exporter.unit.id();
                let description = self.notes().join("\n");
                postman(self.wire, (&title, &description), &mut split, &|name| {
                    self.variable(name)
                })
            }
        }
    }

    /// What a shell puts in the place of a secret.
    fn shell_value(&self, secret: &str) -> ShellValue {
        match self.exporter.token_command(self.call) {
            Some(words) if secret == "token.access_token" => ShellValue::Command(words.join(" ")),
            _ => ShellValue::Variable(self.variable(secret)),
        }
    }

    fn variable(&self, secret: &str) -> String {
        self.exporter.variable(self.call, secret)
    }

    fn signed_at(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.exporter.now_ms);
        time.map_or_else(|_| String::new(), |time| time.to_string())
    }

    /// Until when the request is good.
    fn notes(&self) -> Vec<String> {
        let scheme = self.call.scheme;
        if !scheme.has_signature() {
            return Vec::new();
        }
        let signed = self.signed_at();
        vec![match scheme.clock.window {
            Some(window) => format!(
                "signed for {signed}: `{}` accepts it for {}",
                scheme.name,
                format_duration(window)
            ),
            None => format!(
                "signed for {signed}: how long `{}` accepts it is unknown",
                scheme.name
            ),
        }]
    }
}
