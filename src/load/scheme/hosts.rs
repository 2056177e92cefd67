//! Decodes the hosts of a scheme, and what names one of them.

use super::SchemeDecoder;
use super::plain_text::text;
use crate::diagnostic::{Diagnostic, name_hint};
use crate::load::node_reader::{self, CheckedMap, map_entries};
use crate::model::scheme::{
    AccountHost, Credential, CredentialScope, CredentialType, HostAddress, HostChoice, HostPart,
    SchemeHost,
};
use crate::model::template::{Expression, Template, TemplatePart, find_expression};
use crate::span::Span;
use crate::wire::{BaseUrl, HostPattern};
use crate::yaml::{MapEntry, YamlNode};

impl SchemeDecoder<'_> {
    pub(super) fn hosts(&mut self, node: &YamlNode, credentials: &[Credential]) -> Vec<SchemeHost> {
        let entries = map_entries(node, "`hosts`", self.diagnostics).iter();
        entries
            .filter_map(|entry| self.host(entry, credentials))
            .collect()
    }

    fn host(&mut self, entry: &MapEntry, credentials: &[Credential]) -> Option<SchemeHost> {
        let at = entry.value.at;
        let written = node_reader::text(&entry.value, "a host", self.diagnostics)?;
        // A path begins with a slash, and two of them would be another path for the signature.
        let written = written.trim_end_matches('/');
        let address = if find_expression(written).is_some() {
            HostAddress::OfAccount(self.account_host(written, at, credentials)?)
        } else {
            HostAddress::Fixed(written.to_owned())
        };
        let host = SchemeHost {
            region: entry.key.to_string(),
            at,
            address,
        };
        self.check_base_url(&host).then_some(host)
    }

    fn check_base_url(&mut self, host: &SchemeHost) -> bool {
        match BaseUrl::parse(&host.example_url()) {
            // RFC 6749, section 3.2: token endpoints need TLS. The loopback interface is for tests
            // of a scheme.
            Ok(base) if base.is_https() || base.is_loopback() => return true,
            Ok(_) => {
                let diagnostic = Diagnostic::error("secrets are sent only over `https`").at(
                    host.at,
                    "this is plain `http` outside the loopback interface",
                );
                self.diagnostics.push(diagnostic);
            }
            Err(reason) => self
                .diagnostics
                .push(Diagnostic::error(format!("not a host: {reason}")).at(host.at, "this one")),
        }
        false
    }

    /// `https://{{ cred.mall_id }}.cafe24api.com`
    fn account_host(
        &mut self,
        written: &str,
        at: Span,
        credentials: &[Credential],
    ) -> Option<AccountHost> {
        let fault = |reason: &str| {
            Diagnostic::error(format!("not a host: {reason}"))
                .at(at, "this one")
                .hint("add one credential of `type: label` or `type: host`: `https://{{ cred.shop }}.mall.example`")
        };
        let parts = match Template::parse(written, at, None) {
            Ok(template) => template.parts,
            Err(broken) => {
                let reason = format!("a broken template: {}", broken.reason);
                self.diagnostics.push(fault(&reason));
                return None;
            }
        };
        let (before, expression, after) = match parts.as_slice() {
            [
                TemplatePart::Literal(before),
                TemplatePart::Expression(expression),
            ] => (before, expression, ""),
            [
                TemplatePart::Literal(before),
                TemplatePart::Expression(expression),
                TemplatePart::Literal(after),
            ] => (before, expression, after.as_str()),
            _ => {
                let reason = "it has one template, after the protocol";
                self.diagnostics.push(fault(reason));
                return None;
            }
        };
        let Some(name) = credential_name(expression) else {
            let reason = "its template is `{{ cred.NAME }}` and nothing else";
            self.diagnostics.push(fault(reason));
            return None;
        };
        let host = AccountHost {
            before: before.clone(),
            credential: name.to_owned(),
            part: self.host_part(name, at, credentials)?,
            after: after.to_owned(),
        };
        if let Err(reason) = check_literal_parts(&host) {
            self.diagnostics.push(fault(&reason));
            return None;
        }
        Some(host)
    }

    /// What the credential in a host stands for.
    fn host_part(&mut self, name: &str, at: Span, credentials: &[Credential]) -> Option<HostPart> {
        let Some(credential) = credentials.iter().find(|known| known.name == name) else {
            let diagnostic = Diagnostic::error(format!("there is no credential `{name}`"))
                .at(at, "not defined under `credentials`");
            let names = credentials.iter().map(|known| known.name.as_str());
            self.diagnostics
                .push(diagnostic.maybe_hint(name_hint(name, names)));
            return None;
        };
        match credential.kind {
            CredentialType::Host(part)
                if credential.scope == CredentialScope::Account && !credential.is_secret =>
            {
                Some(part)
            }
            _ => {
                let diagnostic = Diagnostic::error(format!("`{name}` cannot be part of a host"))
                    .at(at, "this one");
                self.diagnostics.push(diagnostic.at(credential.at, "the credential").hint(
                    "a host can contain a credential of an account that is not secret: `{ scope: account, type: label }`, or `type: host` for the whole host name",
                ));
                None
            }
        }
    }

    /// `host: NAME`, or one for each region.
    pub(super) fn host_choice(
        &mut self,
        map: &CheckedMap<'_>,
        hosts: &[SchemeHost],
    ) -> Option<HostChoice> {
        let node = map.get("host")?;
        if node.as_map().is_none() {
            return self.host_region(node, hosts).map(HostChoice::Fixed);
        }
        let entries = map_entries(node, "`host`", self.diagnostics);
        for entry in entries {
            self.check_host_exists(&entry.key, entry.key_at, hosts);
        }
        let pairs = entries.iter().filter_map(|entry| {
            let to = self.host_region(&entry.value, hosts)?;
            Some((entry.key.to_string(), to))
        });
        Some(HostChoice::ByRegion(pairs.collect()))
    }

    /// One of the scheme's own hosts, by its region.
    pub(super) fn host_region(&mut self, node: &YamlNode, hosts: &[SchemeHost]) -> Option<String> {
        let region = text(node, "`host`", self.diagnostics)?;
        self.check_host_exists(region, node.at, hosts);
        Some(region.to_owned())
    }

    fn check_host_exists(&mut self, region: &str, at: Span, hosts: &[SchemeHost]) {
        if hosts.iter().any(|host| host.region == region) {
            return;
        }
        let diagnostic = Diagnostic::error(format!("there is no host `{region}`"))
            .at(at, "not defined under `hosts`");
        let names = hosts.iter().map(|host| host.region.as_str());
        self.diagnostics
            .push(diagnostic.maybe_hint(name_hint(region, names)));
    }
}

/// The name in `cred.NAME`.
fn credential_name(expression: &Expression) -> Option<&str> {
    match expression.lookup.as_deref() {
        Some([root, name]) if root == "cred" => Some(name),
        _ => None,
    }
}

/// A label needs a domain of the marketplace after it, or its value could name a host of anybody.
fn check_literal_parts(host: &AccountHost) -> Result<(), String> {
    let authority_end = host.after.find('/').unwrap_or(host.after.len());
    let rest = &host.after[..authority_end];
    match host.part {
        HostPart::Label => HostPattern::parse(&format!("{}*{rest}", host.before))
            .map(drop)
            .map_err(|error| error.to_string()),
        HostPart::HostName if host.before != "https://" => {
            Err("`type: host` is the whole host name: write only `https://` before it".to_owned())
        }
        HostPart::HostName if !rest.is_empty() && !rest.starts_with(':') => Err(
            "`type: host` is the whole host name: only a port or a path can follow it".to_owned(),
        ),
        HostPart::HostName => Ok(()),
    }
}
