//! Decodes what a user brings for a scheme.

use super::SchemeDecoder;
use super::plain_text::refuse_templates;
use crate::diagnostic::Diagnostic;
use crate::load::assertion::regex;
use crate::load::node_reader::{CheckedMap, boolean, is_variable_name, map_entries};
use crate::load::when::expression_condition;
use crate::model::request::RunCondition;
use crate::model::scheme::{
    Credential, CredentialPattern, CredentialScope, CredentialType, HostPart,
};
use crate::yaml::{MapEntry, NodeKind, YamlNode};

/// Keys of a credential.
pub(super) const CREDENTIAL_KEYS: [&str; 7] = [
    "secret",
    "type",
    "default",
    "scope",
    "pattern",
    "required_when",
    "description",
];
const CREDENTIAL_TYPES: [(&str, CredentialType); 6] = [
    ("private_key", CredentialType::PrivateKey),
    ("public_key", CredentialType::PublicKey),
    ("integer", CredentialType::Integer),
    ("string", CredentialType::Text),
    ("label", CredentialType::Host(HostPart::Label)),
    ("host", CredentialType::Host(HostPart::HostName)),
];
const CREDENTIAL_SCOPES: [(&str, CredentialScope); 2] = [
    ("app", CredentialScope::App),
    ("account", CredentialScope::Account),
];

impl SchemeDecoder<'_> {
    pub(super) fn credentials(&mut self, node: &YamlNode) -> Vec<Credential> {
        let entries = map_entries(node, "`credentials`", self.diagnostics);
        entries
            .iter()
            .filter_map(|entry| self.credential(entry))
            .collect()
    }

    fn credential(&mut self, entry: &MapEntry) -> Option<Credential> {
        self.check_credential_name(entry);
        let map = CheckedMap::open(
            &entry.value,
            "a credential",
            &CREDENTIAL_KEYS,
            self.diagnostics,
        )?;
        let kind = map
            .optional_word("type", &CREDENTIAL_TYPES, self.diagnostics)
            .unwrap_or_default();
        let is_secret = self.is_secret(&map, kind);
        if is_secret {
            self.refuse_secret_default(&map);
        }
        if let Some(node) = map.get("default") {
            refuse_templates(node, "`default`", self.diagnostics);
        }
        let credential = Credential {
            name: entry.key.to_string(),
            at: entry.key_at,
            is_secret,
            kind,
            scope: map
                .optional_word("scope", &CREDENTIAL_SCOPES, self.diagnostics)
                .unwrap_or(CredentialScope::App),
            default: map.get("default").map(YamlNode::to_value),
            pattern: map
                .get("pattern")
                .and_then(|node| self.credential_pattern(node)),
            required_when: self.required_when(&map),
            description: map.optional_text("description", self.diagnostics),
        };
        self.check_default_value(&credential, &map);
        Some(credential)
    }

    fn is_secret(&mut self, map: &CheckedMap<'_>, kind: CredentialType) -> bool {
        // A `secret` that is no flag, such as `secret: "yes"`, is an error, and the credential
        // counts as secret: its value must not be shown beside that error.
        let said = map
            .get("secret")
            .map(|node| boolean(node, "`secret`", self.diagnostics).unwrap_or(true));
        if let (CredentialType::PrivateKey, Some(false), Some(entry)) =
            (kind, said, map.entry("secret"))
        {
            let diagnostic =
                Diagnostic::error("a private key is always a secret").at(entry.key_at, "here");
            self.diagnostics
                .push(diagnostic.hint("remove `secret: false`"));
        }
        if let (CredentialType::Host(_), Some(true), Some(entry)) =
            (kind, said, map.entry("secret"))
        {
            // It stands in addresses, and in the message about a value that does not fit.
            let diagnostic = Diagnostic::error("a label or a host name cannot be a secret")
                .at(entry.key_at, "here");
            let hint = "remove `secret: true`, or the `type`";
            self.diagnostics.push(diagnostic.hint(hint));
        }
        kind == CredentialType::PrivateKey || said.unwrap_or(false)
    }

    fn check_credential_name(&mut self, entry: &MapEntry) {
        // `__` separates the parts of the environment variable that holds the credential.
        if !is_variable_name(&entry.key) || entry.key.contains("__") {
            let diagnostic = Diagnostic::error(format!(
                "`{}` is not a valid name of a credential",
                entry.key
            ))
            .at(entry.key_at, "this name");
            self.diagnostics
                .push(diagnostic.hint("use letters, digits and single `_`"));
        }
    }

    fn refuse_secret_default(&mut self, map: &CheckedMap<'_>) {
        // `null` is no value, and makes the credential optional.
        if let Some(default) = map
            .entry("default")
            .filter(|default| !matches!(default.value.kind, NodeKind::Null))
        {
            let diagnostic =
                Diagnostic::error("a secret cannot have a default, because a scheme is shared")
                    .at(default.key_at, "in a shared file");
            self.diagnostics
                .push(diagnostic.hint("write `default: null` if the secret may be missing"));
        }
    }

    fn check_default_value(&mut self, credential: &Credential, map: &CheckedMap<'_>) {
        let Some((default, node)) = credential.default.as_ref().zip(map.get("default")) else {
            return;
        };
        if let Err(error) = credential.check(default) {
            let diagnostic = Diagnostic::error(format!(
                "the default of `{}` is not a valid value: {error}",
                credential.name
            ));
            self.diagnostics.push(diagnostic.at(node.at, "this value"));
        }
    }

    fn credential_pattern(&mut self, node: &YamlNode) -> Option<CredentialPattern> {
        // `regex` limits how much memory a pattern takes, and reports what is wrong with it.
        let pattern = CredentialPattern::of(&regex(node, self.diagnostics)?);
        if pattern.is_err() {
            self.diagnostics
                .push(Diagnostic::error("`pattern` is too large").at(node.at, "use a shorter one"));
        }
        pattern.ok()
    }

    fn required_when(&mut self, map: &CheckedMap<'_>) -> Option<RunCondition> {
        let entry = map.entry("required_when")?;
        let is_optional = map
            .get("default")
            .is_some_and(|default| matches!(default.kind, NodeKind::Null));
        if !is_optional {
            let diagnostic = Diagnostic::error("`required_when` needs `default: null`")
                .at(entry.key_at, "without it, the condition has no effect");
            self.diagnostics.push(diagnostic);
        }
        let hint = "add `default: null`, or remove `required_when`";
        expression_condition(entry, "cred.token != none", hint, &mut self.value_decoder())
    }
}
