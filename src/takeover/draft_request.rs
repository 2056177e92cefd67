//! A request before it becomes text: only when the whole file is read are all its credentials
//! known, and a value of one may stand where no name says it, in a comment or an example.

use super::credentials::CredentialBook;
use super::file_names::RequestIds;
use super::secret_texts::hidden_comment;
use super::taken::TakenRequest;
use crate::import::ImportLoss;
use crate::redact::Redactor;
use crate::request_file::{
    DocumentBody, DocumentEntry, DocumentRemark, RequestDocument, TemplateSource,
};
use crate::value::{ObjectMember, Value};
use crate::yaml;

pub(super) struct DraftRequest {
    pub(super) folders: Vec<String>,
    pub(super) name: String,
    pub(super) place: String,
    pub(super) document: RequestDocument,
    pub(super) recording: Option<Value>,
}

/// Takes the values of all credentials out of what becomes a file or is shown.
pub(super) struct SecretRemover {
    redactor: Redactor,
}

impl SecretRemover {
    pub(super) fn new(credentials: &CredentialBook<'_>) -> Self {
        Self {
            redactor: credentials.redactor(),
        }
    }

    pub(super) fn shown(&mut self, text: &str) -> String {
        self.redactor.redact(text)
    }

    pub(super) fn loss(&mut self, loss: &ImportLoss) -> ImportLoss {
        ImportLoss {
            place: self.shown(&loss.place),
            what: self.shown(&loss.what),
        }
    }

    /// The files of a request, and what had to leave them.
    pub(super) fn finish(
        &mut self,
        draft: DraftRequest,
        ids: &mut RequestIds,
    ) -> (TakenRequest, Vec<ImportLoss>) {
        let mut document = draft.document;
        let place = self.shown(&draft.place);
        let mut losses = Vec::new();
        let asserted = std::mem::take(&mut document.assertions);
        for assertion in asserted {
            if self.holds_secret(&assertion.value) || self.shown(&assertion.name) != assertion.name
            {
                let what = "an assert on the value of a credential".to_owned();
                document.remarks.push(format!("Not imported: {what}"));
                losses.push(ImportLoss {
                    place: place.clone(),
                    what,
                });
            } else {
                document.assertions.push(assertion);
            }
        }
        self.clean_document(&mut document);
        let folders: Vec<String> = draft.folders.iter().map(|one| self.shown(one)).collect();
        let recording = draft
            .recording
            .map(|recording| map_texts(&recording, &mut |text| self.redactor.redact(text)));
        let taken = TakenRequest {
            id: ids.give(&folders, &self.shown(&draft.name)),
            place,
            text: document.to_yaml(),
            recording: recording.map(|recording| yaml::write(&recording)),
        };
        (taken, losses)
    }

    fn clean_document(&mut self, document: &mut RequestDocument) {
        document.path = self.template(&document.path);
        for remark in &mut document.remarks {
            *remark = self.comment(remark);
        }
        let entries = [
            &mut document.vars,
            &mut document.query,
            &mut document.headers,
            &mut document.captures,
        ];
        for entries in entries {
            self.clean_entries(entries);
        }
        match &mut document.body {
            DocumentBody::None => {}
            DocumentBody::Json(value) => *value = map_texts(value, &mut |text| self.template(text)),
            DocumentBody::Form(entries) | DocumentBody::Multipart(entries) => {
                self.clean_entries(entries);
            }
            DocumentBody::Text(text) | DocumentBody::Xml(text) | DocumentBody::File(text) => {
                *text = self.template(text);
            }
        }
    }

    fn clean_entries(&mut self, entries: &mut [DocumentEntry]) {
        for entry in entries {
            entry.name = self.redactor.redact(&entry.name);
            let is_comment = matches!(entry.remark, DocumentRemark::LeftOut(_));
            entry.value = map_texts(&entry.value, &mut |text| {
                if is_comment {
                    self.redactor.redact(text)
                } else {
                    self.template(text)
                }
            });
            if let DocumentRemark::Beside(remark) | DocumentRemark::LeftOut(remark) =
                &mut entry.remark
            {
                *remark = self.comment(remark);
            }
        }
    }

    /// Free text can hold values that no request has: `api_key: …`.
    fn comment(&mut self, text: &str) -> String {
        hidden_comment(&self.redactor.redact(text))
    }

    fn holds_secret(&mut self, value: &Value) -> bool {
        self.redactor.contains_secret(value.to_json().as_bytes())
    }

    /// The source of a template with the names of secrets in the place of their values. A text that
    /// cannot be searched is left out.
    fn template(&mut self, source: &str) -> String {
        let Some(places) = self.redactor.places(source) else {
            return self.redactor.redact(source);
        };
        let mut out = String::new();
        let mut from = 0;
        for (range, mark) in places {
            out.push_str(&source[from..range.start]);
            let name = mark.trim_matches(['‹', '›']);
            if name.starts_with("secret.") {
                out.push_str(&TemplateSource::expression(name).to_source());
            } else {
                // A credential of a scheme has no name in a text.
                out.push('…');
            }
            from = range.end;
        }
        out.push_str(&source[from..]);
        out
    }
}

/// The same value with other texts; a number that is changed becomes a text.
fn map_texts(value: &Value, map: &mut dyn FnMut(&str) -> String) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(|item| map_texts(item, map)).collect()),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, member)| (map(name).into(), map_texts(member, map)));
            Value::Object(members.collect::<Vec<ObjectMember>>())
        }
        Value::Null | Value::Bool(_) => value.clone(),
        scalar => {
            let text = scalar.to_text();
            let mapped = map(&text);
            if mapped == text {
                scalar.clone()
            } else {
                Value::from(mapped)
            }
        }
    }
}
