//! Decodes what the pushes of a webhook look like, for a sandbox that sends some: `send` and `events`.
//! It refuses a push that the sandbox could not sign.

use super::SchemeDecoder;
use super::oauth::looks_up;
use crate::diagnostic::{Diagnostic, Hint};
use crate::load::node_reader::{
    CheckedMap, at_most_one, check_header_name, enum_value, map_entries, text,
};
use crate::method::Method;
use crate::model::request::TemplateField;
use crate::model::scheme::{
    IncomingSignature, PushEvent, PushEventBody, PushSending, RequestPart, SignOp, Webhook,
};
use crate::model::template::TemplateTree;
use crate::yaml::{MapEntry, YamlNode};

/// Keys of `send`.
pub(in crate::load) const PUSH_SENDING_KEYS: [&str; 4] =
    ["method", "query", "headers", "signature"];
/// Keys of an event.
pub(in crate::load) const PUSH_EVENT_KEYS: [&str; 4] = ["source", "headers", "json", "text"];

impl SchemeDecoder<'_> {
    /// `send` and `events` of a webhook with this signature.
    pub(super) fn push_events(
        &mut self,
        map: &CheckedMap<'_>,
        signature: &IncomingSignature,
    ) -> (PushSending, Vec<PushEvent>) {
        let send = map.get("send");
        let sending = self.push_sending(send).unwrap_or(PushSending {
            method: Method::Post,
            query: Vec::new(),
            headers: Vec::new(),
            signature: None,
        });
        let entries = map.optional("events", |node| {
            map_entries(node, "`events`", self.diagnostics)
        });
        if let Some(entry) = map.entry("events").or_else(|| map.entry("send")) {
            self.check_can_be_signed(entry, signature, &sending);
        }
        let events = entries
            .iter()
            .filter_map(|entry| self.push_event(entry, &sending))
            .collect();
        (sending, events)
    }

    /// `{ method: get, query: { … }, headers: { … }, signature: "v1,{{ signature }}" }`
    fn push_sending(&mut self, node: Option<&YamlNode>) -> Option<PushSending> {
        let map = CheckedMap::open(node?, "`send`", &PUSH_SENDING_KEYS, self.diagnostics)?;
        let methods = Method::ALL.map(|method| (method.key(), method));
        let method = map
            .get("method")
            .map(|node| enum_value(node, "`method`", &methods, self.diagnostics));
        Some(PushSending {
            method: method.unwrap_or(Some(Method::Post))?,
            query: map.optional("query", |node| self.value_decoder().fields(node, "`query`")),
            headers: map.optional("headers", |node| self.push_headers(node)),
            signature: map
                .get("signature")
                .and_then(|node| self.push_text(node, "`signature`")),
        })
    }

    fn push_headers(&mut self, node: &YamlNode) -> Vec<TemplateField> {
        let fields = self.value_decoder().fields(node, "`headers`");
        for field in &fields {
            check_header_name(&field.name, field.name_at, "a header", self.diagnostics);
        }
        fields
    }

    fn push_text(&mut self, node: &YamlNode, what: &str) -> Option<TemplateTree> {
        text(node, what, self.diagnostics)?;
        Some(self.value_decoder().tree(node))
    }

    /// `order_status: { source: "…", json: { … } }`
    fn push_event(&mut self, entry: &MapEntry, sending: &PushSending) -> Option<PushEvent> {
        let node = &entry.value;
        let map = CheckedMap::open(node, "an event", &PUSH_EVENT_KEYS, self.diagnostics)?;
        let bodies = ["json", "text"];
        at_most_one(
            &map,
            &bodies,
            "a push can have only one body",
            self.diagnostics,
        );
        // Only for people: where it is known from.
        map.optional_text("source", self.diagnostics);
        let body = if let Some(node) = map.get("json") {
            PushEventBody::Json(self.value_decoder().tree(node))
        } else if let Some(node) = map.get("text") {
            PushEventBody::Text(self.push_text(node, "`text`")?)
        } else {
            PushEventBody::None
        };
        let is_read = matches!(sending.method, Method::Get | Method::Head);
        if let (true, [body, ..]) = (is_read, map.present_entries(&bodies).as_slice()) {
            let diagnostic = Diagnostic::error(format!("`{}` has no body", sending.method))
                .at(body.key_at, "this method sends no body");
            self.diagnostics.push(diagnostic.hint(Hint::remove_or(
                "remove it, or write another `method` in `send`",
            )));
        }
        Some(PushEvent {
            name: entry.key.to_string(),
            at: entry.key_at,
            headers: map.optional("headers", |node| self.push_headers(node)),
            body,
        })
    }

    fn check_can_be_signed(
        &mut self,
        entry: &MapEntry,
        signature: &IncomingSignature,
        sending: &PushSending,
    ) {
        if let Some(SignOp::Asymmetric { .. }) = signature.sign.last().map(|step| &step.operation) {
            let diagnostic = Diagnostic::error(format!(
                "`{}`: the sandbox cannot sign these pushes",
                entry.key
            ))
            .at(
                entry.key_at,
                "signing needs the private key of the marketplace",
            );
            self.diagnostics
                .push(diagnostic.hint("remove `send` and `events` of this webhook"));
        }
        let uses_signature =
            (sending.signature.as_ref()).is_some_and(|text| looks_up(text, "signature"));
        if signature.pattern.is_some() && !uses_signature {
            let diagnostic = Diagnostic::error("`send` does not name the place of the signature")
                .at(
                    entry.key_at,
                    "`equals` has a `pattern`, so the signature is part of a text",
                );
            self.diagnostics.push(diagnostic.hint(
                "write the whole text into `send: { signature: … }`, such as `\"v1={{ signature }}\"`",
            ));
        }
        let is_in_json = signature.part == RequestPart::Json;
        if let (true, Some(text)) = (signature.pattern.is_none(), &sending.signature) {
            let diagnostic = Diagnostic::error("the signature is the whole value there").at(
                text.at,
                "without `pattern` in `equals`, there is no other text around it",
            );
            self.diagnostics
                .push(diagnostic.hint("remove `signature`, or add a `pattern` to `equals`"));
        }
        if is_in_json && matches!(sending.method, Method::Get | Method::Head) {
            let diagnostic = Diagnostic::error(format!("`{}` has no body", sending.method))
                .at(entry.key_at, "but the signature is in its JSON");
            self.diagnostics
                .push(diagnostic.hint("write another `method` in `send`"));
        }
    }

    /// An event alone says which webhook sends it.
    pub(super) fn refuse_repeated_events(&mut self, webhooks: &[Webhook]) {
        let mut known: Vec<&PushEvent> = Vec::new();
        for event in webhooks.iter().flat_map(|webhook| &webhook.events) {
            if let Some(first) = known.iter().find(|first| first.name == event.name) {
                let title = format!("two webhooks have an event `{}`", event.name);
                let diagnostic = Diagnostic::error(title)
                    .at(event.at, "the second one")
                    .at(first.at, "the first one");
                self.diagnostics
                    .push(diagnostic.hint("a push is selected by its event: rename one of them"));
            } else {
                known.push(event);
            }
        }
    }
}
