//! Checks, across a scheme, that every name its templates use is there: a typo in a scheme must
//! never become empty text.

use crate::diagnostic::{Diagnostic, Diagnostics, Hint, name_hint};
use crate::model::request::TemplateField;
use crate::model::scheme::{
    AuthorizeLink, FieldPlacement, SandboxRules, Scheme, SignOp, SignStep, SigningProcedure, Token,
    VectorSubject,
};
use crate::model::template::{Expression, Template, TemplateTree};
use crate::render::TemplateDialect;
use crate::span::Span;

/// What `req` offers.
const REQUEST_NAMES: [&str; 17] = [
    "method",
    "url",
    "host",
    "path",
    "api_path",
    "path_query",
    "query",
    "query_pairs",
    "form_pairs",
    "json_pairs",
    "multipart_pairs",
    "header_pairs",
    "headers",
    "body",
    "body_bytes",
    "json_body",
    "body_kind",
];
/// The name of the body as it is sent, text or not.
const BODY_BYTES: &str = "req.body_bytes";
/// What an authorization link and the exchange of its code see besides.
const AUTHORIZE_NAMES: [&str; 3] = ["redirect", "state", CHALLENGE];
/// What the token request of a device login sees besides.
const DEVICE_EXCHANGE_NAMES: [&str; 1] = ["device_code"];
const CODE_EXCHANGE_NAMES: [&str; 4] = ["code", "callback", "redirect", VERIFIER];
/// What `pkce` of a link gives to the link, and to the exchange of its code.
const CHALLENGE: &str = "challenge";
const VERIFIER: &str = "verifier";
/// One of these carries the state.
const STATE_NAMES: [&str; 2] = ["redirect", "state"];
/// What a limit can count by.
const LIMIT_SCOPES: [&str; 3] = ["app", "account", "operation"];
/// What the answers of a sandbox see.
const RESPONSE_NAMES: [&str; 7] = [
    "name",
    "part",
    "request_id",
    "uuid",
    "iso",
    "path",
    "account",
];
/// What the sandbox's answer to a token request sees besides: `token` is the access token, `ids`
/// has every account's values of a credential.
const SAMPLE_NAMES: [&str; 7] = [
    "message",
    "status",
    "request_id",
    "uuid",
    "iso",
    "path",
    "account",
];
/// What the response to the first request of a device login sees.
const DEVICE_RESPONSE_NAMES: [&str; 11] = [
    "request_id",
    "uuid",
    "iso",
    "path",
    "account",
    "device_code",
    "user_code",
    "verification_uri",
    "verification_uri_complete",
    "expires_in",
    "interval",
];
/// What a push of the sandbox sees, and the text around its signature.
const PUSH_NAMES: [&str; 5] = ["uuid", "request_id", "iso", "http_date", "account"];
const PUSH_SIGNATURE_NAMES: [&str; 6] = [
    "uuid",
    "request_id",
    "iso",
    "http_date",
    "account",
    "signature",
];
const TOKEN_RESPONSE_NAMES: [&str; 14] = [
    "name",
    "part",
    "request_id",
    "uuid",
    "iso",
    "path",
    "account",
    "token",
    "refresh_token",
    "expires_in",
    "expires_at",
    "refresh_expires_in",
    "refresh_expires_at",
    "ids",
];

pub(super) fn check_template_names(scheme: &Scheme, diagnostics: &mut Diagnostics) {
    check_credential_conditions(scheme, diagnostics);
    for level in &scheme.levels {
        let token = scheme.token_for_level(level);
        SchemeNameChecker {
            scheme,
            token,
            extra_names: &[],
            diagnostics,
        }
        .procedure(&level.procedure);
    }
    for token in &scheme.tokens {
        check_token_requests(scheme, token, diagnostics);
    }
    for authorize in &scheme.authorize_links {
        let mut names = SchemeNameChecker {
            scheme,
            token: None,
            extra_names: without_pkce(&AUTHORIZE_NAMES, CHALLENGE, authorize.uses_pkce),
            diagnostics,
        };
        names.fields(&authorize.query, &ProcedureNames::default());
        names.expressions(authorize.path.expressions(), &ProcedureNames::default());
        names.procedure(&authorize.procedure);
        check_place_for_state(authorize, diagnostics);
    }
    check_sandbox(scheme, diagnostics);
    check_pushes(scheme, diagnostics);
    check_scheme_references(scheme, diagnostics);
    check_token_storage(scheme, diagnostics);
}

/// Before anything is signed there are credentials, and nothing else.
fn check_credential_conditions(scheme: &Scheme, diagnostics: &mut Diagnostics) {
    let conditions = scheme
        .credentials
        .iter()
        .filter_map(|credential| credential.required_when.as_ref());
    for expression in conditions.flat_map(|condition| condition.value.expressions()) {
        // One that does not compile was reported when it was decoded.
        let Ok(names) = TemplateDialect::Scheme.names_in(expression) else {
            continue;
        };
        for name in names {
            let known = name.strip_prefix("cred.");
            if known.is_some_and(|known| scheme.credential(known).is_some()) {
                continue;
            }
            let diagnostic = Diagnostic::error(format!("`{name}` is not defined here")).at(
                expression.at,
                "a condition of a credential sees `cred.NAME`",
            );
            let credentials = scheme.credentials.iter();
            let hint = known.and_then(|known| {
                name_hint(
                    known,
                    credentials.map(|credential| credential.name.as_str()),
                )
            });
            diagnostics.push(diagnostic.maybe_hint(hint));
        }
    }
}

/// A callback without a state could be anybody's (RFC 6749, section 10.12). The redirect address
/// carries it where the link has no parameter for it.
fn check_place_for_state(authorize: &AuthorizeLink, diagnostics: &mut Diagnostics) {
    let expressions = authorize
        .query
        .iter()
        .flat_map(|field| field.value.expressions());
    let has_place = expressions
        .filter_map(|expression| TemplateDialect::Scheme.names_in(expression).ok())
        .flatten()
        .any(|name| STATE_NAMES.contains(&name.as_str()));
    if !has_place {
        let diagnostic = Diagnostic::error("the link has no place for a state")
            .at(authorize.at, "neither `state` nor `redirect` in its query")
            .hint(
                "write `state: \"{{ state }}\"` under `query`, so that `auth login` can recognize its callback; if the marketplace has no state, write `redirect_uri: \"{{ redirect }}\"`",
            );
        diagnostics.push(diagnostic);
    }
}

/// `names`, whose last one is there only with `pkce`.
fn without_pkce<'n>(names: &'n [&'static str], last: &str, uses_pkce: bool) -> &'n [&'static str] {
    match names.split_last() {
        Some((name, before)) if !uses_pkce && *name == last => before,
        _ => names,
    }
}

fn check_token_requests(scheme: &Scheme, token: &Token, diagnostics: &mut Diagnostics) {
    let uses_pkce = scheme.authorize_links.iter().any(|link| link.uses_pkce);
    let exchange = without_pkce(&CODE_EXCHANGE_NAMES, VERIFIER, uses_pkce);
    let device = token.device.as_ref();
    for (request, extra) in [
        (token.issue.as_ref(), &[][..]),
        (token.exchange.as_ref(), exchange),
        (device.map(|device| &device.authorize), &[][..]),
        (
            device.map(|device| &device.exchange),
            &DEVICE_EXCHANGE_NAMES[..],
        ),
        (token.refresh.as_ref(), &[][..]),
        (token.revoke.as_ref(), &[][..]),
    ] {
        let Some(request) = request else { continue };
        let issuing = request.issuing_token.as_ref();
        let mut names = SchemeNameChecker {
            scheme,
            token: issuing.map_or(Some(token), |other| scheme.token(&other.name)),
            extra_names: extra,
            diagnostics,
        };
        let none = ProcedureNames::default();
        names.expressions(request.path.expressions(), &none);
        names.fields(&request.query, &none);
        names.fields(&request.form, &none);
        names.expressions(
            request.json.iter().flat_map(|json| json.expressions()),
            &none,
        );
        names.procedure(&request.procedure);
    }
}

fn check_sandbox(scheme: &Scheme, diagnostics: &mut Diagnostics) {
    let Some(sandbox) = &scheme.sandbox else {
        return;
    };
    let mut names = SchemeNameChecker {
        scheme,
        token: None,
        extra_names: &RESPONSE_NAMES,
        diagnostics,
    };
    let none = ProcedureNames::default();
    names.fields(&sandbox.test_credentials, &none);
    for refusal in &sandbox.fault_responses {
        names.expressions(refusal.body.expressions().into_iter(), &none);
        names.fields(&refusal.headers, &none);
    }
    for sample in &sandbox.samples {
        let mut names = SchemeNameChecker {
            scheme,
            token: None,
            extra_names: &SAMPLE_NAMES,
            diagnostics: names.diagnostics,
        };
        names.expressions(sample.json.expressions().into_iter(), &none);
        names.fields(&sample.headers, &none);
    }
    // A token response knows other names than a refusal: the token that it issues.
    for answer in &sandbox.token_responses {
        let mut names = SchemeNameChecker {
            scheme,
            token: None,
            extra_names: &TOKEN_RESPONSE_NAMES,
            diagnostics,
        };
        names.expressions(answer.json.expressions().into_iter(), &none);
        let device = answer.device.iter().flat_map(TemplateTree::expressions);
        SchemeNameChecker {
            extra_names: &DEVICE_RESPONSE_NAMES,
            ..names
        }
        .expressions(device, &none);
    }
}

fn check_pushes(scheme: &Scheme, diagnostics: &mut Diagnostics) {
    let none = ProcedureNames::default();
    for webhook in &scheme.webhooks {
        let mut names = SchemeNameChecker {
            scheme,
            token: None,
            extra_names: &PUSH_NAMES,
            diagnostics,
        };
        names.fields(&webhook.sending.query, &none);
        names.fields(&webhook.sending.headers, &none);
        for event in &webhook.events {
            names.fields(&event.headers, &none);
            let body = event.body.tree().into_iter();
            names.expressions(body.flat_map(TemplateTree::expressions), &none);
        }
        names.extra_names = &PUSH_SIGNATURE_NAMES;
        let signature = webhook.sending.signature.iter();
        names.expressions(signature.flat_map(TemplateTree::expressions), &none);
    }
}

/// Checks the names of other parts of the scheme that are written as plain words.
fn check_scheme_references(scheme: &Scheme, diagnostics: &mut Diagnostics) {
    let mut references = ReferenceChecker {
        credentials: scheme
            .credentials
            .iter()
            .map(|credential| credential.name.as_str())
            .collect(),
        tokens: scheme
            .tokens
            .iter()
            .map(|token| token.name.as_str())
            .collect(),
        token_fields: scheme.tokens.iter().flat_map(Token::fields).collect(),
        diagnostics,
    };
    references.tokens(scheme);
    references.limits(scheme);
    references.vectors(scheme);
    if let Some(sandbox) = &scheme.sandbox {
        references.sandbox(scheme, sandbox);
    }
}

/// The names that the parts of a scheme can refer to.
struct ReferenceChecker<'s, 'd> {
    credentials: Vec<&'s str>,
    tokens: Vec<&'s str>,
    token_fields: Vec<&'s str>,
    diagnostics: &'d mut Diagnostics,
}

impl ReferenceChecker<'_, '_> {
    fn tokens(&mut self, scheme: &Scheme) {
        let key_names: Vec<&str> = self
            .credentials
            .iter()
            .copied()
            .chain(["account"])
            .collect();
        for token in &scheme.tokens {
            for name in &token.key_credentials {
                let what = "a credential to store a token by";
                self.check(name, token.at, what, &key_names);
            }
        }
        let credentials = self.credentials.clone();
        for authorize in &scheme.authorize_links {
            for (name, _) in &authorize.callback_params {
                self.check(name, authorize.at, "a credential to keep", &credentials);
            }
        }
        for split in scheme.tokens.iter().flat_map(|token| &token.splits) {
            self.token(&split.token, split.at);
            self.check(&split.credential, split.at, "a credential", &credentials);
        }
    }

    fn limits(&mut self, scheme: &Scheme) {
        for limit in &scheme.limits {
            for name in &limit.scope {
                self.check(name, limit.at, "what a limit can count by", &LIMIT_SCOPES);
            }
        }
    }

    fn vectors(&mut self, scheme: &Scheme) {
        let credentials = self.credentials.clone();
        let levels: Vec<&str> = scheme
            .levels
            .iter()
            .map(|level| level.name.as_str())
            .collect();
        for vector in &scheme.vectors {
            for (name, _) in &vector.credentials {
                self.check(name, vector.at, "a credential", &credentials);
            }
            match &vector.subject {
                VectorSubject::Request {
                    level: Some(level), ..
                } => self.check(level, vector.at, "a level", &levels),
                VectorSubject::Push { webhook, .. } => {
                    let webhooks = scheme.webhooks.iter();
                    let names: Vec<&str> = webhooks.map(|known| known.name.as_str()).collect();
                    self.check(webhook, vector.at, "a webhook", &names);
                }
                _ => {}
            }
        }
    }

    fn sandbox(&mut self, scheme: &Scheme, sandbox: &SandboxRules) {
        let known = [self.credentials.as_slice(), &self.token_fields].concat();
        for key in &sandbox.test_credentials {
            let what = "a credential or a field of a token";
            self.check(&key.name, key.name_at, what, &known);
        }
        self.extractors(scheme, sandbox);
        for answer in &sandbox.token_responses {
            self.token(&answer.token, sandbox.at);
        }
        for penalty in &sandbox.penalty_rules {
            self.token(&penalty.token, sandbox.at);
        }
    }

    fn extractors(&mut self, scheme: &Scheme, sandbox: &SandboxRules) {
        let steps = scheme
            .procedures()
            .flat_map(|procedure| procedure.sign.iter().map(|step| step.id.clone()));
        let credentials = self.credentials.iter().map(|name| format!("cred.{name}"));
        let fields = self.token_fields.iter().map(|name| format!("token.{name}"));
        let names: Vec<String> = credentials
            .chain(fields)
            .chain(steps)
            .chain(["ts".to_owned()])
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for extractor in &sandbox.extractors {
            self.check(&extractor.name, extractor.at, "a thing to read", &names);
        }
    }

    fn token(&mut self, name: &str, at: Span) {
        let tokens = self.tokens.clone();
        self.check(name, at, "a token of the scheme", &tokens);
    }

    fn check(&mut self, name: &str, at: Span, what: &str, known: &[&str]) {
        if !known.contains(&name) {
            let diagnostic =
                Diagnostic::error(format!("`{name}` is not {what}")).at(at, "in this part");
            self.diagnostics
                .push(diagnostic.maybe_hint(name_hint(name, known.iter().copied())));
        }
    }
}

/// What tokens are stored by, and into what a shared one is split.
fn check_token_storage(scheme: &Scheme, diagnostics: &mut Diagnostics) {
    for token in &scheme.tokens {
        check_token_key(scheme, token, diagnostics);
        check_token_splits(scheme, token, diagnostics);
    }
}

fn check_token_key(scheme: &Scheme, token: &Token, diagnostics: &mut Diagnostics) {
    let is_secret = |name: &&String| {
        scheme
            .credential(name)
            .is_some_and(|credential| credential.is_secret)
    };
    // The key of a record is not encrypted: it names the file or the row of the database, and
    // commands print it.
    if let Some(secret) = token.key_credentials.iter().find(is_secret) {
        let diagnostic =
            Diagnostic::error(format!("a token cannot be stored by the secret `{secret}`"))
                .at(token.at, "this token");
        diagnostics.push(diagnostic.hint("this value is written in plain text: use an id"));
    }
}

fn check_token_splits(scheme: &Scheme, token: &Token, diagnostics: &mut Diagnostics) {
    for split in &token.splits {
        if scheme
            .token(&split.token)
            .is_some_and(|other| other.refresh.is_none())
        {
            let diagnostic =
                Diagnostic::error(format!("the token `{}` has no `refresh`", split.token))
                    .at(split.at, "split here");
            diagnostics
                .push(diagnostic.hint(
                    "ingam refreshes each part of a shared pair once, to get its own tokens",
                ));
        }
    }
}

/// The names that are known at one point of a procedure, besides credentials and the like.
#[derive(Default)]
struct ProcedureNames<'s> {
    steps: Vec<&'s str>,
    /// Those of them whose text holds the bytes of a body.
    byte_steps: Vec<&'s str>,
    vars: Vec<&'s str>,
    /// The request is frozen: `req` is there.
    is_frozen: bool,
}

impl ProcedureNames<'_> {
    /// The first name in an expression that stands for bytes.
    fn names_bytes(&self, expression: &Expression) -> Option<String> {
        // An expression that does not compile was reported when its field was decoded.
        let names = TemplateDialect::Scheme.names_in(expression).ok()?;
        names
            .into_iter()
            .find(|name| name == BODY_BYTES || self.byte_steps.contains(&name.as_str()))
    }
}

struct SchemeNameChecker<'s, 'd> {
    scheme: &'s Scheme,
    token: Option<&'s Token>,
    extra_names: &'s [&'s str],
    diagnostics: &'d mut Diagnostics,
}

impl SchemeNameChecker<'_, '_> {
    fn procedure(&mut self, procedure: &SigningProcedure) {
        let mut known = ProcedureNames::default();
        for field in &procedure.vars {
            self.expressions(field.value.expressions().into_iter(), &known);
            known.vars.push(&field.name);
        }
        self.placement(&procedure.prepare, &known);
        known.is_frozen = true;
        for step in &procedure.sign {
            self.expressions(step.operation.expressions().into_iter(), &known);
            if self.check_bytes(step, &known) {
                known.byte_steps.push(&step.id);
            }
            known.steps.push(&step.id);
        }
        self.placement(&procedure.attach, &known);
        for (_, field) in procedure.attach.fields() {
            for expression in field.value.expressions() {
                self.refuse_bytes(expression, &known);
            }
        }
    }

    /// Whether the text of a step holds the bytes of a body. They are no text to compute with: they
    /// stand alone in the text that is signed.
    fn check_bytes(&mut self, step: &SignStep, known: &ProcedureNames<'_>) -> bool {
        let input: Vec<&Expression> = step
            .operation
            .input()
            .into_iter()
            .flat_map(Template::expressions)
            .collect();
        let mut holds_bytes = false;
        for expression in step.operation.expressions() {
            let stands_alone = expression.lookup.is_some()
                && input.iter().any(|other| std::ptr::eq(*other, expression));
            if stands_alone {
                holds_bytes |= known.names_bytes(expression).is_some();
            } else {
                self.refuse_bytes(expression, known);
            }
        }
        holds_bytes && matches!(step.operation, SignOp::Text(_))
    }

    fn refuse_bytes(&mut self, expression: &Expression, known: &ProcedureNames<'_>) {
        let Some(name) = known.names_bytes(expression) else {
            return;
        };
        let diagnostic = Diagnostic::error(format!("`{name}` is bytes, but text is needed here"))
            .at(expression.at, "used here");
        self.diagnostics.push(diagnostic.hint(
            "write `{{ req.body_bytes }}` alone, in a `text` step or in `of` of `digest`, `hmac`, `encode`, `rsa`, `ecdsa` or `ed25519`",
        ));
    }

    fn placement(&mut self, placement: &FieldPlacement, known: &ProcedureNames<'_>) {
        for (_, field) in placement.fields() {
            self.expressions(field.value.expressions().into_iter(), known);
        }
    }

    fn fields(&mut self, fields: &[TemplateField], known: &ProcedureNames<'_>) {
        for field in fields {
            self.expressions(field.value.expressions().into_iter(), known);
        }
    }

    fn expressions<'e>(
        &mut self,
        expressions: impl Iterator<Item = &'e Expression>,
        known: &ProcedureNames<'_>,
    ) {
        for expression in expressions {
            // An expression that does not compile was reported when its field was decoded.
            let Ok(names) = TemplateDialect::Scheme.names_in(expression) else {
                continue;
            };
            for name in names {
                if let Err(hint) = self.resolve_name(&name, known) {
                    let diagnostic = Diagnostic::error(format!("`{name}` is not defined here"))
                        .at(expression.at, "used here");
                    self.diagnostics.push(diagnostic.maybe_hint(hint));
                }
            }
        }
    }

    /// `Err` with a hint when there is no such name.
    fn resolve_name(&self, name: &str, known: &ProcedureNames<'_>) -> Result<(), Option<Hint>> {
        let (root, member) = name
            .split_once('.')
            .map_or((name, None), |(root, rest)| (root, rest.split('.').next()));
        let among = |names: Vec<&str>| match member {
            Some(member) if names.contains(&member) => Ok(()),
            Some(member) => Err(name_hint(member, names)),
            None => Err(Some(format!("add a member: `{root}.…`").into())),
        };
        match root {
            "ts" | "unix_s" | "unix_ms" => Ok(()),
            "cred" => among(
                self.scheme
                    .credentials
                    .iter()
                    .map(|credential| credential.name.as_str())
                    .collect(),
            ),
            "token" if !self.extra_names.contains(&"token") => {
                among(self.token.map(Token::fields).unwrap_or_default())
            }
            "vars" => among(known.vars.clone()),
            "req" if known.is_frozen => among(REQUEST_NAMES.to_vec()),
            "req" => Err(Some(
                "`req` is available from the first sign step on, when the request is complete".into(),
            )),
            root if known.steps.contains(&root) || self.extra_names.contains(&root) => Ok(()),
            CHALLENGE | VERIFIER => Err(Some(
                "write `pkce: S256` under `authorize`: then the link has a `challenge` and the exchange its `verifier`"
                    .into(),
            )),
            root => Err(name_hint(
                root,
                known
                    .steps
                    .iter()
                    .copied()
                    .chain(["cred", "token", "vars", "ts", "req"]),
            )),
        }
    }
}
