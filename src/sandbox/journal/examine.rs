//! What one refused signature should have been, and which mistake gives the one that came.

use super::signature_report::SignatureReport;
use super::suspect_signature::SuspectSignature;
use crate::mistake::{
    SEARCH_TIME, SignatureDiagnosis, SignatureVerdict, SuspectKind, SuspectRequest, diagnose,
};

/// Computes the expected signature again, and looks for the mistake in the one that came.
pub(super) fn examine(suspect: &SuspectSignature) -> SignatureReport {
    let found = diagnose(&SuspectRequest {
        scheme: &suspect.scheme,
        kind: SuspectKind::Procedure(&suspect.procedure),
        received: &suspect.received,
        accounts: &suspect.accounts,
        other_schemes: &[],
        other_hosts: &[],
        other_paths: &[],
        now_ms: suspect.now_ms,
        time_limit: SEARCH_TIME,
        server_text: None,
        own_text: None,
    });
    let trace = found.trace.iter().flat_map(|trace| &trace.lines);
    SignatureReport {
        mistakes: mistake_codes(&found),
        findings: findings(&found),
        // The keys are those of the sandbox, which it prints at the start.
        steps: trace
            .map(|line| (line.id.clone(), line.op, line.value.clone()))
            .collect(),
    }
}

fn mistake_codes(found: &SignatureDiagnosis) -> Vec<String> {
    let proven = match &found.verdict {
        SignatureVerdict::Mistakes(proven) => proven.as_slice(),
        _ => &[],
    };
    let proven = proven.iter().map(|mistake| mistake.code);
    let observed = found.observations.iter().map(|seen| seen.code);
    proven
        .chain(observed)
        .map(|code| code.name().to_owned())
        .collect()
}

/// Sentences, the most certain first.
fn findings(found: &SignatureDiagnosis) -> Vec<String> {
    let mut findings = match &found.verdict {
        SignatureVerdict::Mistakes(proven) => proven
            .iter()
            .map(|mistake| format!("{}: {}", mistake.text, mistake.way_out))
            .collect(),
        SignatureVerdict::Equal { .. } => {
            vec!["the signature is correct; another value differs".to_owned()]
        }
        SignatureVerdict::Different => vec![format!(
            "none of {} variations produces the sent signature",
            found.tried
        )],
        SignatureVerdict::Unknown(reason) => vec![reason.clone()],
    };
    let observed = found.observations.iter();
    findings.extend(observed.map(|seen| {
        let place = if seen.location.is_empty() {
            String::new()
        } else {
            format!("`{}`: ", seen.location)
        };
        format!("{place}{}: {}", seen.text, seen.way_out)
    }));
    findings.extend(found.suspects.iter().cloned());
    findings.extend(found.left_out.iter().cloned());
    findings
}
