//! Checks, across a scheme, that every name its templates use is there: a typo in a scheme must never become empty text.

use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::model::request::Field;
use crate::model::scheme::{Op, Placement, Procedure, Scheme, Token, VectorOf};
use crate::model::template::Expression;
use crate::render::Dialect;
use crate::span::Span;

/// What `req` offers.
const REQ: [&str; 13] = [
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
    "headers",
    "body",
    "body_kind",
];
/// What an authorization link and the exchange of its code see besides.
const AUTHORIZE: [&str; 2] = ["redirect", "state"];
const EXCHANGE: [&str; 2] = ["code", "callback"];
/// What a limit can count by.
const LIMITED: [&str; 3] = ["app", "account", "operation"];
/// What the answers of a sandbox see.
const ANSWER: [&str; 7] = ["name", "part", "request_id", "uuid", "iso", "path", "account"];
/// What the sandbox's answer to a token request sees besides: `token` is the access token, `ids` has every account's
/// values of a credential.
const TOKEN_ANSWER: [&str; 14] = [
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

pub fn check(scheme: &Scheme, faults: &mut Diagnostics) {
    for level in &scheme.levels {
        let token = scheme.token_of(level);
        Names { scheme, token, extra: &[], faults }.procedure(&level.procedure);
    }
    for token in &scheme.tokens {
        check_token(scheme, token, faults);
    }
    for authorize in &scheme.authorize {
        let mut names = Names { scheme, token: None, extra: &AUTHORIZE, faults };
        names.fields(&authorize.query, &Known::default());
        names.expressions(authorize.path.expressions(), &Known::default());
        names.procedure(&authorize.procedure);
    }
    check_sandbox(scheme, faults);
    check_words(scheme, faults);
    check_storing(scheme, faults);
}

fn check_token(scheme: &Scheme, token: &Token, faults: &mut Diagnostics) {
    for (request, extra) in [(&token.issue, &[][..]), (&token.exchange, &EXCHANGE[..]), (&token.refresh, &[][..])] {
        let Some(request) = request else { continue };
        let mut names = Names { scheme, token: Some(token), extra, faults };
        let none = Known::default();
        names.expressions(request.path.expressions(), &none);
        names.fields(&request.query, &none);
        names.fields(&request.form, &none);
        names.expressions(request.json.iter().flat_map(|json| json.expressions()), &none);
        names.procedure(&request.procedure);
    }
}

fn check_sandbox(scheme: &Scheme, faults: &mut Diagnostics) {
    let Some(sandbox) = &scheme.sandbox else { return };
    let mut names = Names { scheme, token: None, extra: &ANSWER, faults };
    let none = Known::default();
    names.fields(&sandbox.keys, &none);
    for refusal in &sandbox.refuse {
        names.expressions(refusal.json.expressions().into_iter(), &none);
        names.fields(&refusal.headers, &none);
    }
    for answer in &sandbox.token_answers {
        let mut names = Names { scheme, token: None, extra: &TOKEN_ANSWER, faults };
        names.expressions(answer.json.expressions().into_iter(), &none);
    }
}

/// Names of other parts of the scheme that are written as plain words.
fn check_words(scheme: &Scheme, faults: &mut Diagnostics) {
    let credentials = || scheme.credentials.iter().map(|credential| credential.name.clone());
    let tokens = || scheme.tokens.iter().map(|token| token.name.clone());
    let fields = || scheme.tokens.iter().flat_map(|token| token.fields().into_iter().map(str::to_owned));
    let mut word = |name: &str, at: Span, what: &str, known: Vec<String>| {
        if !known.iter().any(|known| known == name) {
            let fault = Diagnostic::error(format!("`{name}` is not {what}")).at(at, "in this part");
            faults.push(fault.maybe_hint(did_you_mean(name, known.iter().map(String::as_str))));
        }
    };
    for token in &scheme.tokens {
        let known: Vec<String> = credentials().chain(["account".to_owned()]).collect();
        token.store_by.iter().for_each(|name| word(name, token.at, "a credential to store a token by", known.clone()));
    }
    for authorize in &scheme.authorize {
        authorize.keep.iter().for_each(|(name, _)| word(name, authorize.at, "a credential to keep", credentials().collect()));
    }
    for split in scheme.tokens.iter().flat_map(|token| &token.splits) {
        word(&split.token, split.at, "a token of the scheme", tokens().collect());
        word(&split.credential, split.at, "a credential", credentials().collect());
    }
    for limit in &scheme.limits {
        let known: Vec<String> = LIMITED.map(str::to_owned).into();
        limit.scope.iter().for_each(|name| word(name, limit.at, "what a limit can count by", known.clone()));
    }
    for vector in &scheme.vectors {
        vector.credentials.iter().for_each(|(name, _)| word(name, vector.at, "a credential", credentials().collect()));
        if let VectorOf::Request { level: Some(level), .. } = &vector.of {
            word(level, vector.at, "a level", scheme.levels.iter().map(|level| level.name.clone()).collect());
        }
    }
    let Some(sandbox) = &scheme.sandbox else { return };
    for key in &sandbox.keys {
        word(&key.name, key.name_at, "a credential or a field of a token", credentials().chain(fields()).collect());
    }
    let steps: Vec<String> =
        scheme.procedures().flat_map(|procedure| procedure.sign.iter().map(|step| step.id.clone())).collect();
    for reading in &sandbox.read {
        let names = credentials().map(|name| format!("cred.{name}")).chain(fields().map(|name| format!("token.{name}")));
        word(&reading.name, reading.at, "a thing to read", names.chain(steps.clone()).chain(["ts".to_owned()]).collect());
    }
    let named =
        sandbox.token_answers.iter().map(|answer| &answer.token).chain(sandbox.penalties.iter().map(|penalty| &penalty.token));
    named.for_each(|name| word(name, sandbox.at, "a token of the scheme", tokens().collect()));
}

/// What tokens are stored by, and into what a shared one is split.
fn check_storing(scheme: &Scheme, faults: &mut Diagnostics) {
    let secrets: Vec<String> =
        scheme.credentials.iter().filter(|credential| credential.secret).map(|credential| credential.name.clone()).collect();
    for token in &scheme.tokens {
        if let Some(secret) = token.store_by.iter().find(|name| secrets.contains(name)) {
            let fault = Diagnostic::error(format!("a token is not stored by the secret `{secret}`")).at(token.at, "this token");
            faults.push(fault.hint("what it is stored by is written down openly: name an id"));
        }
        for split in &token.splits {
            if scheme.token(&split.token).is_some_and(|other| other.refresh.is_none()) {
                let fault = Diagnostic::error(format!("the token `{}` has no `refresh`", split.token)).at(split.at, "split here");
                faults.push(fault.hint("each part of a shared pair is refreshed once to get tokens of its own"));
            }
        }
    }
}

/// What is known at one point of a procedure, beside credentials and the like.
#[derive(Default)]
struct Known<'s> {
    steps: Vec<&'s str>,
    vars: Vec<&'s str>,
    /// The request is frozen: `req` is there.
    frozen: bool,
}

struct Names<'s, 'd> {
    scheme: &'s Scheme,
    token: Option<&'s Token>,
    extra: &'s [&'s str],
    faults: &'d mut Diagnostics,
}

impl Names<'_, '_> {
    fn procedure(&mut self, procedure: &Procedure) {
        let mut known = Known::default();
        for field in &procedure.vars {
            self.expressions(field.value.expressions().into_iter(), &known);
            known.vars.push(&field.name);
        }
        self.placement(&procedure.prepare, &known);
        known.frozen = true;
        for step in &procedure.sign {
            for template in step.op.templates() {
                self.expressions(template.expressions(), &known);
            }
            if let Op::Jwt { header, claims, .. } = &step.op {
                self.fields(header, &known);
                self.fields(claims, &known);
            }
            known.steps.push(&step.id);
        }
        self.placement(&procedure.attach, &known);
    }

    fn placement(&mut self, placement: &Placement, known: &Known<'_>) {
        for (_, field) in placement.all() {
            self.expressions(field.value.expressions().into_iter(), known);
        }
    }

    fn fields(&mut self, fields: &[Field], known: &Known<'_>) {
        for field in fields {
            self.expressions(field.value.expressions().into_iter(), known);
        }
    }

    fn expressions<'e>(&mut self, expressions: impl Iterator<Item = &'e Expression>, known: &Known<'_>) {
        for expression in expressions {
            for name in Dialect::Scheme.names_in(expression).unwrap_or_default() {
                if let Err(hint) = self.resolve(&name, known) {
                    let fault = Diagnostic::error(format!("`{name}` is not defined here")).at(expression.at, "used here");
                    self.faults.push(fault.maybe_hint(hint));
                }
            }
        }
    }

    /// `Err` with a hint when there is no such name.
    fn resolve(&self, name: &str, known: &Known<'_>) -> Result<(), Option<String>> {
        let (root, member) = name.split_once('.').map_or((name, None), |(root, rest)| (root, rest.split('.').next()));
        let among = |names: Vec<&str>| match member {
            Some(member) if names.contains(&member) => Ok(()),
            Some(member) => Err(did_you_mean(member, names)),
            None => Err(Some(format!("name a part of it: `{root}.…`"))),
        };
        match root {
            "ts" | "unix_s" | "unix_ms" => Ok(()),
            "cred" => among(self.scheme.credentials.iter().map(|credential| credential.name.as_str()).collect()),
            "token" if !self.extra.contains(&"token") => among(self.token.map(Token::fields).unwrap_or_default()),
            "vars" => among(known.vars.clone()),
            "req" if known.frozen => among(REQ.to_vec()),
            "req" => Err(Some("`req` is there from the first sign step on, when the request is frozen".to_owned())),
            root if known.steps.contains(&root) || self.extra.contains(&root) => Ok(()),
            root => Err(did_you_mean(root, known.steps.iter().copied().chain(["cred", "token", "vars", "ts", "req"]))),
        }
    }
}
