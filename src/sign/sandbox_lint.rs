//! What `scheme check` says of the sandbox part of a scheme: keys that cannot be read, and signatures
//! that nobody would compare.

use super::asymmetric_key::key_fault;
use super::mentioned_names::with_inputs;
use super::seal::root_names;
use crate::model::request::TemplateField;
use crate::model::scheme::{RequestPart, SandboxRules, Scheme, SignOp, SignStep, SigningProcedure};
use crate::render::RenderError;
use crate::span::Span;

/// What is wrong, and where.
pub(super) struct SandboxFault {
    pub(super) at: Span,
    pub(super) message: String,
}

pub(super) fn sandbox_faults(scheme: &Scheme) -> Vec<SandboxFault> {
    let mut faults = Vec::new();
    for procedure in scheme.procedures() {
        check_signature_is_read(scheme, procedure, &mut faults);
    }
    check_keys(scheme, &mut faults);
    faults
}

/// A field that the sandbox reads in parts is not compared as a whole, so that a signature in it must
/// be one of the parts: otherwise any signature would be accepted.
fn check_signature_is_read(
    scheme: &Scheme,
    procedure: &SigningProcedure,
    faults: &mut Vec<SandboxFault>,
) {
    let Some(sandbox) = &scheme.sandbox else {
        return;
    };
    // An expression that does not compile was reported when its field was decoded.
    let Ok(verified) = verified_steps(procedure, sandbox) else {
        return;
    };
    for (part, field) in procedure.attach.fields() {
        if !is_read(sandbox, part, field) {
            continue;
        }
        let Ok(carried) = root_names(field.value.expressions())
            .and_then(|names| with_inputs(names, procedure, is_text))
        else {
            continue;
        };
        let mut steps = procedure.sign.iter();
        let unread = steps.find(|step| {
            let is_carried = carried.contains(&step.id);
            step.operation.is_signature() && is_carried && !verified.contains(&step.id)
        });
        if let Some(step) = unread {
            faults.push(SandboxFault {
                at: field.name_at,
                message: format!(
                    "the sandbox accepts every `{}`: `read` reads other parts of `{}.{}`, but not this one",
                    step.id,
                    part.name(),
                    field.name
                ),
            });
        }
    }
}

fn is_read(sandbox: &SandboxRules, part: RequestPart, field: &TemplateField) -> bool {
    let extractors = sandbox.extractors.iter();
    extractors
        .flat_map(|reading| &reading.places)
        .any(|place| place.part == part && place.field.eq_ignore_ascii_case(&field.name))
}

/// The steps whose results the sandbox compares, and those that these are made of: another result
/// would be another signature.
fn verified_steps(
    procedure: &SigningProcedure,
    sandbox: &SandboxRules,
) -> Result<Vec<String>, RenderError> {
    let whole = procedure
        .attach
        .fields()
        .filter(|(part, field)| !is_read(sandbox, *part, field));
    let mut verified = root_names(
        whole
            .flat_map(|(_, field)| field.value.expressions())
            .collect(),
    )?;
    // What a client may choose is taken as it comes.
    let read = sandbox.extractors.iter();
    let read = read.filter(|reading| !reading.places.iter().any(|place| place.is_chosen));
    verified.extend(read.map(|reading| reading.name.clone()));
    with_inputs(verified, procedure, |_| true)
}

/// A step whose result has in it what it was given.
fn is_text(step: &SignStep) -> bool {
    matches!(step.operation, SignOp::Text(_) | SignOp::Encode { .. })
}

/// A key of the sandbox or of a known answer that cannot be read.
fn check_keys(scheme: &Scheme, faults: &mut Vec<SandboxFault>) {
    let sandbox = scheme.sandbox.iter();
    let test_keys = sandbox.flat_map(|sandbox| &sandbox.test_credentials);
    let test_keys =
        test_keys.filter_map(|key| Some((&key.name, key.name_at, key.value.as_constant()?)));
    let given = scheme.vectors.iter().flat_map(|vector| {
        let given = vector.credentials.iter();
        given.map(|(name, value)| (name, vector.at, value))
    });
    for (name, at, value) in test_keys.chain(given) {
        let kind = scheme.credential(name).map(|credential| credential.kind);
        if let (Some(kind), Some(text)) = (kind, value.as_str())
            && let Some(error) = key_fault(text, kind)
        {
            faults.push(SandboxFault {
                at,
                message: format!("`{name}` {error}"),
            });
        }
    }
}
