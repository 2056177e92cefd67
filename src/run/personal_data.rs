//! The personal data of a run: found in every response before anything of it is shown, and replaced
//! by the same pseudonyms in reports, snapshots and recordings.

use super::observed_exchange::ObservedExchange;
use super::response_secrets::ShortSecret;
use crate::model::recording::{RecordedRequest, RecordedResponse};
use crate::model::redact_rule::RedactRule;
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::recording::{
    ExchangeRedaction, InspectedResponse, PersonalDataError, RecordingKey, Redaction,
    RedactionError, request_texts,
};
use crate::redact::Redactor;
use crate::value::Value;
use crate::wire::WireResponse;
use std::cell::{RefCell, RefMut};
use std::collections::HashMap;

/// What was replaced so far, by request file and account: the same value gets the same pseudonym in
/// all exchanges of a file, and in everything that is said about them.
pub(crate) struct PersonalData {
    redactions: RefCell<HashMap<RecordingKey, Redaction>>,
    run_id: String,
    /// Responses come from recordings, which hold pseudonyms.
    is_recorded: bool,
}

/// The rules for the responses of one file: those of the scheme, of the workspace, and its own.
pub(super) fn redact_rules<'r>(
    scheme: &'r Scheme,
    workspace: &'r Workspace,
    own: &'r [RedactRule],
) -> Vec<&'r RedactRule> {
    let rules = scheme.redact_rules.iter().chain(&workspace.redact);
    rules.chain(own).collect()
}

impl PersonalData {
    pub(super) fn new(run_id: &str, is_recorded: bool) -> Self {
        Self {
            redactions: RefCell::default(),
            run_id: run_id.to_owned(),
            is_recorded,
        }
    }

    fn redaction(&self, key: &RecordingKey) -> RefMut<'_, Redaction> {
        RefMut::map(self.redactions.borrow_mut(), |redactions| {
            redactions
                .entry(key.clone())
                .or_insert_with(|| self.new_redaction())
        })
    }

    fn new_redaction(&self) -> Redaction {
        let redaction = Redaction::for_run(&self.run_id);
        if self.is_recorded {
            redaction.keeping_pseudonyms()
        } else {
            redaction
        }
    }

    /// Gives a pseudonym to everything in a response that a rule names.
    ///
    /// # Errors
    /// When a rule cannot be applied to it: then nothing of its body may be shown.
    pub(super) fn collect(
        &self,
        key: &RecordingKey,
        rules: &[&RedactRule],
        response: &WireResponse,
        request: &dyn Fn() -> RecordedRequest,
    ) -> Result<(), PersonalDataError> {
        if rules.is_empty() {
            return Ok(());
        }
        let response = InspectedResponse::of_wire(response);
        self.redaction(key)
            .collect(&response, rules, &|| request_texts(&request()))
    }

    /// Finds what was replaced for a file; `None` where nothing was.
    pub(super) fn search(&self, key: &RecordingKey) -> Option<RefMut<'_, Redactor>> {
        RefMut::filter_map(self.redactions.borrow_mut(), |redactions| {
            redactions
                .get_mut(key)
                .filter(|redaction| !redaction.is_empty())
                .map(Redaction::shown_search_mut)
        })
        .ok()
    }

    /// A response with everything replaced that a rule names; `None` if that is nothing.
    ///
    /// # Errors
    /// When a rule cannot be applied to it.
    pub(super) fn redacted_response(
        &self,
        key: &RecordingKey,
        rules: &[&RedactRule],
        response: &WireResponse,
    ) -> Result<Option<WireResponse>, PersonalDataError> {
        match self.redactions.borrow().get(key) {
            Some(redaction)
                if !redaction.is_empty()
                    && (!rules.is_empty() || redaction.has_short_secrets()) =>
            {
                redaction.redact_wire(response, rules).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What a capture took from a response, and what it takes from the redacted one: a later request
    /// can send it.
    pub(super) fn note_captured(&self, key: &RecordingKey, value: &Value, redacted: &Value) {
        self.redaction(key).note_captured(value, redacted);
    }

    /// Whether a value was found that is too short to be searched for in texts.
    pub(super) fn has_short_values(&self, key: &RecordingKey) -> bool {
        let redactions = self.redactions.borrow();
        redactions.get(key).is_some_and(Redaction::has_short_values)
    }

    /// Hides a secret of a response that is too short to be searched for in encodings.
    pub(super) fn hide_short_secret(&self, key: &RecordingKey, secret: &ShortSecret) {
        let name = format!("response.{}", secret.label);
        self.redaction(key)
            .hide_short_secret(secret.value.expose(), &name, &secret.place);
    }

    /// Whether responses of a file held such a secret. Then what a person asks to see of personal
    /// data stays hidden in it: both are found together.
    pub(super) fn has_short_secrets(&self, key: &RecordingKey) -> bool {
        let redactions = self.redactions.borrow();
        redactions
            .get(key)
            .is_some_and(Redaction::has_short_secrets)
    }

    /// An operand of an assertion with every string replaced that is personal.
    pub(super) fn redacted_operand(&self, key: &RecordingKey, value: &Value) -> Value {
        let redactions = self.redactions.borrow();
        redactions.get(key).map_or_else(
            || value.clone(),
            |redaction| redaction.redact_operand(value),
        )
    }

    /// The values that were found for a file and that texts hold, with their pseudonyms.
    pub(super) fn values_in(&self, key: &RecordingKey, texts: &[&str]) -> Vec<(String, String)> {
        let mut redactions = self.redactions.borrow_mut();
        redactions
            .get_mut(key)
            .map_or_else(Vec::new, |redaction| redaction.values_in(texts))
    }

    /// Hides a value of an earlier run.
    pub(super) fn hide_value(&self, key: &RecordingKey, value: &str, pseudonym: &str) {
        self.redaction(key).hide_value(value, pseudonym);
    }

    /// Redacts in a unit what was redacted in the fixtures that it needs, with the same pseudonyms:
    /// the unit sends values that a fixture received.
    pub(super) fn include(&self, key: &RecordingKey, fixtures: impl Iterator<Item = RecordingKey>) {
        let mut fixtures = fixtures.peekable();
        if fixtures.peek().is_none() {
            return;
        }
        let mut redactions = self.redactions.borrow_mut();
        let mut own = redactions
            .remove(key)
            .unwrap_or_else(|| self.new_redaction());
        fixtures
            .filter_map(|fixture| redactions.get(&fixture))
            .for_each(|other| own.include(other));
        redactions.insert(key.clone(), own);
    }

    /// A recorded response as the responses of this run are redacted, to be compared with one. A
    /// stub can hold what a rule names; a pseudonym in it stays.
    ///
    /// # Errors
    /// When a rule cannot be applied to it.
    pub(super) fn redact_expected(
        &self,
        observed: &ObservedExchange<'_>,
        workspace: &Workspace,
        expected: WireResponse,
        secrets: &mut Redactor,
    ) -> Result<WireResponse, PersonalDataError> {
        let rules = redact_rules(observed.scheme, workspace, observed.redact_rules);
        let mut redaction = self
            .redaction(observed.recording_key)
            .clone()
            .keeping_pseudonyms();
        let inspected = InspectedResponse::of_wire(&expected);
        redaction.collect(&inspected, &rules, &|| request_texts(observed.request))?;
        let redacted = redaction.redact_wire(&expected, &rules)?;
        let text = redacted.text().ok();
        let text = text.map(|text| redaction.redact_leaf(text, secrets));
        Ok(match text {
            Some(text) => expected.with_text(text),
            None => expected,
        })
    }

    /// An exchange as it may be written to a file.
    ///
    /// # Errors
    /// When something in it cannot be hidden.
    pub(super) fn redact_exchange(
        &self,
        observed: &ObservedExchange<'_>,
        workspace: &Workspace,
        secrets: &mut Redactor,
    ) -> Result<(RecordedRequest, RecordedResponse), RedactionError> {
        let exchange = ExchangeRedaction {
            request: observed.request,
            response: observed.response,
            extra_headers: observed.inspected_headers,
            rules: &redact_rules(observed.scheme, workspace, observed.redact_rules),
        };
        exchange.redact(&mut self.redaction(observed.recording_key), secrets)
    }
}
