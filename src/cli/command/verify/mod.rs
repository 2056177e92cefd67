//! `ingam verify`: why the signature of a request of another program is wrong. Nothing is sent, and
//! no secret is shown: a text is shown as `ingam explain` shows it.

mod answer;
pub(super) mod given_text;
mod json;
mod keys;
mod meant_request;
mod redaction;
mod sent_values;
mod suspect;

use crate::cli::args::VerifyArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::load::{FileKind, LoadedWorkspace};
use crate::mistake::{
    SEARCH_TIME, SignatureDiagnosis, SignatureVerdict, SuspectKind, SuspectRequest,
    called_procedure, diagnose, text_in_refusal,
};
use crate::model::scheme::SchemeHost;
use crate::sign::{ReceivedRequest, VerifierKeys, VerifyError, verify};
use answer::VerifyAnswer;
use given_text::GivenText;
use keys::KeysAtHand;
use suspect::SuspectChoice;

/// Tells whether a signature is right, and if not, why.
pub(crate) fn run(invocation: &Invocation<'_>, args: &VerifyArgs) -> CommandResult {
    let text = GivenText::new(invocation.host, &args.file)?;
    let imported = text.requests()?;
    let loaded = load(invocation, args)?;
    let choice = SuspectChoice::new(&loaded, args, imported)?;
    let keys = KeysAtHand::collect(invocation.host, &loaded, &choice)?;
    let message = read_text(invocation, args.message.as_deref())?;
    let refusal = read_text(invocation, args.refusal.as_deref())?;
    let now_ms = match settings::pretended_time_ms(args.at.as_deref())? {
        Some(at) => at,
        None => choice
            .imported
            .sent_at_ms
            .unwrap_or_else(invocation.host.clock),
    };
    let found = SignatureCheck {
        loaded: &loaded,
        choice: &choice,
        keys: &keys,
        received: choice.imported.received_at(choice.matched.base.clone()),
        level: args.level.as_deref(),
        message: message.as_deref(),
        now_ms,
    };
    let diagnosis = found.diagnose(refusal.as_deref());
    let mut redactor = redaction::redactor(&loaded, &choice, &keys, &diagnosis);
    let differences = match &args.request {
        Some(id) => meant_request::differences(invocation, &loaded, id, args, &choice)?,
        None => Vec::new(),
    };
    let answer = VerifyAnswer {
        refusal: found.refusal_of_right(&diagnosis),
        choice: &choice,
        diagnosis: &diagnosis,
        differences: &differences,
        now_ms,
        has_given_time: args.at.is_some() || choice.imported.sent_at_ms.is_some(),
        names_request: args.request.as_deref(),
        had_refusal: refusal.is_some(),
        lacks_keys: keys.missing.is_some(),
    };
    let mut output = CommandOutput::of_data(if args.json {
        json::to_json(&answer, &mut redactor)
    } else {
        answer.render(&mut redactor, invocation.stdout)
    });
    output.end_with(status(&answer));
    // A missing credential is the error unless the answer needs none.
    let is_explained = matches!(
        diagnosis.verdict,
        SignatureVerdict::Equal { .. } | SignatureVerdict::Mistakes(_)
    ) || diagnosis.lacks_signature()
        || !diagnosis.differences.is_empty();
    if let Some(missing) = keys.missing.filter(|_| !is_explained) {
        output.error(missing.into());
    }
    Ok(output)
}

/// A request that was meant is read with everything that its files name.
fn load(invocation: &Invocation<'_>, args: &VerifyArgs) -> Result<LoadedWorkspace, CommandError> {
    let kinds: &'static [FileKind] = &[FileKind::Scheme];
    match &args.request {
        None => super::session::load_with_all_schemes(invocation, kinds),
        Some(id) => {
            let words = std::slice::from_ref(id);
            let environment = args.account_args.env.as_deref();
            let mut loaded = settings::load_requests(invocation, words, environment)?;
            loaded.workspace.schemes = crate::load::all_schemes(&mut loaded);
            Ok(loaded)
        }
    }
}

fn read_text(
    invocation: &Invocation<'_>,
    name: Option<&str>,
) -> Result<Option<String>, CommandError> {
    name.map(|name| GivenText::new(invocation.host, name)?.text())
        .transpose()
}

/// 0 only if the marketplace accepts the request. Only a time that is judged by the clock of this
/// machine is no reason against it: nobody said when the request was sent.
fn status(answer: &VerifyAnswer<'_>) -> ExitStatus {
    let is_refused = answer
        .refusal
        .as_ref()
        .is_some_and(|refusal| answer.has_given_time || !refusal.is_about_now());
    match &answer.diagnosis.verdict {
        SignatureVerdict::Equal { .. } if answer.differences.is_empty() && !is_refused => {
            ExitStatus::Success
        }
        _ => ExitStatus::ChecksFailed,
    }
}

/// A request and everything that explains its signature.
struct SignatureCheck<'a> {
    loaded: &'a LoadedWorkspace,
    choice: &'a SuspectChoice,
    keys: &'a KeysAtHand,
    received: ReceivedRequest,
    level: Option<&'a str>,
    message: Option<&'a str>,
    now_ms: i64,
}

impl SignatureCheck<'_> {
    fn diagnose(&self, refusal: Option<&str>) -> SignatureDiagnosis {
        let workspace = &self.loaded.workspace;
        let scheme = &self.choice.matched.scheme;
        let others: Vec<_> = workspace
            .schemes
            .iter()
            .filter(|other| other.name != scheme.name && other.has_signature())
            .map(|other| &**other)
            .collect();
        let hosts = scheme.hosts.iter().map(SchemeHost::example_url);
        let hosts: Vec<String> = hosts.collect();
        let paths = workspace
            .all_steps()
            .filter_map(|step| step.path.as_literal().map(str::to_owned));
        let paths: Vec<String> = paths.collect();
        let suspect = SuspectRequest {
            scheme,
            kind: self.level.map_or(SuspectKind::Call, SuspectKind::Level),
            received: &self.received,
            accounts: &self.keys.accounts,
            other_schemes: &others,
            other_hosts: &hosts,
            other_paths: &paths,
            now_ms: self.now_ms,
            time_limit: SEARCH_TIME,
            server_text: None,
            own_text: self.message,
        };
        let server = refusal.and_then(|refusal| text_in_refusal(refusal, &suspect));
        diagnose(&SuspectRequest {
            server_text: server.as_deref(),
            ..suspect
        })
    }

    /// Why the marketplace would refuse a right signature: its time, or something in the request
    /// that is not in its form.
    fn refusal_of_right(&self, diagnosis: &SignatureDiagnosis) -> Option<VerifyError> {
        let SignatureVerdict::Equal { .. } = &diagnosis.verdict else {
            return None;
        };
        let scheme = &self.choice.matched.scheme;
        let (procedure, _) = called_procedure(scheme, self.level, &self.received);
        let known = VerifierKeys {
            accounts: &self.keys.accounts,
            // Which tokens are good only the marketplace knows.
            accepts_token: &|_, _, _| true,
            now_ms: self.now_ms,
        };
        verify(scheme, procedure, &self.received, &known).err()
    }
}
