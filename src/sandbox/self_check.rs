//! Signs calls of a scheme and verifies them with its own sandbox part, so that an author finds what
//! the sandbox cannot verify before the first user does.

use super::tokens::token_subject::test_account;
use crate::method::Method;
use crate::model::scheme::{Level, Scheme, SchemeHost, SignOp, VerifyFault};
use crate::render::FreshValues;
use crate::sign::{
    LintFinding, NamedValues, ReceivedRequest, SealError, SigningInputs, TestAccount, VerifierKeys,
    VerifyError, seal, verify,
};
use crate::value::Value;
use crate::wire::{BaseUrl, Draft, DraftBody};

/// The moment of the calls. Their seed differs from that of the verifier, so that a random step that
/// is not read from the request shows.
const MOMENT: FreshValues = FreshValues {
    unix_ms: 1_795_338_000_000,
    seed: [7; 16],
};

/// What the sandbox would refuse of each level's calls; nothing for a scheme without a sandbox
/// part.
pub(crate) fn unverifiable_calls(scheme: &Scheme) -> Vec<LintFinding> {
    let Some(sandbox) = &scheme.sandbox else {
        return Vec::new();
    };
    let account = match test_account(scheme, "main", None) {
        Ok(account) => with_tokens(scheme, account),
        Err(error) => return vec![LintFinding::error(sandbox.at, error.to_string())],
    };
    let mut findings = Vec::new();
    for level in &scheme.levels {
        let of = if level.name.is_empty() {
            String::new()
        } else {
            format!(" of level `{}`", level.name)
        };
        let calls = generated_calls().into_iter();
        let results: Vec<_> = calls
            .map(|(what, draft)| (what, sign_and_verify(scheme, level, draft, &account)))
            .collect();
        let refused =
            (results.iter()).find_map(|(what, result)| Some((what, result.as_ref().err()?)));
        if let Some((what, reason)) = refused {
            let text = format!(
                "`sandbox` of the scheme refuses {what}{of} that the scheme signed: {reason}"
            );
            findings.push(LintFinding::error(sandbox.at, text));
        } else if !results.iter().any(|(_, result)| *result == Ok(true)) {
            let text =
                format!("no call{of} can contain what the scheme adds: neither a GET nor a POST");
            findings.push(LintFinding::error(sandbox.at, text));
        }
    }
    findings
}

/// A token where the marketplace would issue one.
fn with_tokens(scheme: &Scheme, mut account: NamedValues) -> NamedValues {
    for field in scheme.tokens.iter().flat_map(|token| token.fields()) {
        if account.get(field).is_none() {
            account.set(field, Value::from("issued-test-token"));
        }
    }
    account
}

/// Calls with every kind of body that a scheme can sign.
fn generated_calls() -> [(&'static str, Draft); 3] {
    let call = |method, query: &[(&str, &str)], body| Draft {
        external: None,
        method,
        path: "/generated/call".to_owned(),
        raw_query: String::new(),
        query: pairs(query),
        headers: Vec::new(),
        body,
    };
    let json = Value::Object(vec![("b".into(), Value::from("가 1+1"))]);
    let query = [("page", "1"), ("keyword", "가 +")];
    [
        ("a GET", call(Method::Get, &query, DraftBody::None)),
        (
            "a POST with JSON",
            call(Method::Post, &query[..1], DraftBody::Json(json)),
        ),
        (
            "a POST with a form",
            call(Method::Post, &[], DraftBody::Form(pairs(&query))),
        ),
    ]
}

fn pairs(written: &[(&str, &str)]) -> Vec<(String, String)> {
    let written = written.iter();
    written
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Whether the scheme can make such a call at all: one that puts its keys into a body of one kind
/// makes no call without such a body. `Err` says why the call is not accepted.
fn sign_and_verify(
    scheme: &Scheme,
    level: &Level,
    draft: Draft,
    account: &NamedValues,
) -> Result<bool, String> {
    let host = scheme.hosts.first();
    let host = host.map_or_else(
        || "https://host.invalid".to_owned(),
        SchemeHost::example_url,
    );
    let base = BaseUrl::parse(&host).map_err(|error| error.to_string())?;
    let inputs = SigningInputs {
        credentials: account,
        token: Some(account),
        moment: MOMENT,
        steps: &[],
        extra: &[],
    };
    let request = match seal(scheme, &level.procedure, draft, &base, inputs) {
        Ok(sealed) => sealed.request,
        Err(SealError::Misplaced(_)) => return Ok(false),
        Err(error) => return Err(error.to_string()),
    };
    let accounts = [TestAccount {
        name: "main".to_owned(),
        credentials: account.clone(),
    }];
    let accepts_token = |field: &str, value: &str, _: &str| {
        account.get(field).map(Value::to_text).as_deref() == Some(value)
    };
    let known = VerifierKeys {
        accounts: &accounts,
        accepts_token: &accepts_token,
        now_ms: MOMENT.unix_ms,
    };
    let received = ReceivedRequest::from(&request);
    match verify(scheme, &level.procedure, &received, &known) {
        Ok(_) => Ok(true),
        Err(refused) => Err(refusal_text(scheme, level, &refused)),
    }
}

fn refusal_text(scheme: &Scheme, level: &Level, refused: &VerifyError) -> String {
    let text = format!("`{}` at `{}`", refused.fault.name(), refused.location);
    let unread = level.procedure.sign.iter().find(|step| {
        let is_random = matches!(step.operation, SignOp::Uuid | SignOp::Random(_));
        let mut readings = scheme
            .sandbox
            .iter()
            .flat_map(|sandbox| &sandbox.extractors);
        is_random && !readings.any(|reading| reading.name == step.id)
    });
    match unread {
        Some(step) if refused.fault == VerifyFault::Signature => format!(
            "{text}; the step `{}` is random, so `read` must name the place of its value",
            step.id
        ),
        _ => format!("{text}; compare `keys` and `read` with what the scheme sends"),
    }
}
