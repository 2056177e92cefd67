//! The request itself: its parts before and after they are frozen.

use super::{Translator, bytes_of, call, f, is_short};
use crate::export::program::ProgramError;
use crate::export::program::operation::{SentParts, Statement, Term, joined};
use crate::method::Method;
use crate::model::request::TemplateField;
use crate::model::scheme::SigningProcedure;
use crate::value::Value;
use crate::wire::{DraftBody, join_form, join_query, parse_form};

/// A program with more than this as its body is no program that somebody reads.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The parts of the request so far.
pub(super) struct RequestTerms {
    method: Method,
    /// As in the request line.
    path: Term,
    api_path: Term,
    raw_query: Term,
    query: Term,
    /// The text of the pairs of the query, if they are known already and nothing is added to them.
    fixed_query: Option<String>,
    headers: Term,
    body: BodyTerms,
    /// The query and the body as they are sent; known from `freeze` on.
    sent_query: Term,
    sent_body: Term,
}

enum BodyTerms {
    None,
    /// The same whatever the scheme does.
    Fixed {
        bytes: Term,
        kind: &'static str,
        /// The top level of JSON, or the parts of a multipart body that are text.
        pairs: Term,
    },
    Form(Term),
    Members(Term),
}

impl RequestTerms {
    pub(super) fn new(translator: &mut Translator<'_>) -> Result<Self, ProgramError> {
        "the request".clone_into(&mut translator.place);
        translator.comment("the request");
        let source = translator.source;
        let draft = source.draft;
        let api_path = translator.secret_text(&draft.path)?;
        let base_path = Term::text(source.base.path());
        let query = pairs(translator, &draft.query)?;
        let body = body_terms(translator, &source.level.procedure)?;
        let mut headers = pairs(translator, &draft.headers)?;
        if let (Term::Pairs(pairs), Some(media_type)) =
            (&mut headers, added_media_type(translator, &body))
        {
            pairs.insert(0, (Term::text("content-type"), Term::text(media_type)));
        }
        let is_prepared = !source.level.procedure.prepare.query.is_empty();
        let fixed_query = literal_pairs(&query)
            .filter(|_| !is_prepared)
            .map(|pairs| join_query(&pairs));
        Ok(Self {
            fixed_query,
            method: draft.method,
            path: joined(vec![base_path, api_path.clone()]),
            api_path,
            raw_query: translator.secret_text(&draft.raw_query)?,
            query: translator.set("query", query),
            headers: translator.set("headers", headers),
            body,
            sent_query: Term::text(""),
            sent_body: Term::text(""),
        })
    }

    pub(super) fn prepare_query(
        &mut self,
        translator: &mut Translator<'_>,
        name: &str,
        value: Term,
    ) {
        let more = [self.query.clone(), Term::text(name), value];
        self.query = translator.set("query", call(f::WITH_PAIR, more));
    }

    pub(super) fn prepare_header(
        &mut self,
        translator: &mut Translator<'_>,
        name: &str,
        value: Term,
    ) {
        self.headers = with_header(translator, "headers", self.headers.clone(), name, value);
    }

    pub(super) fn prepare_form(
        &mut self,
        translator: &mut Translator<'_>,
        name: &str,
        value: Term,
    ) -> Result<(), ProgramError> {
        let BodyTerms::Form(form) = &self.body else {
            return Err(translator.error("the request has a body of another kind"));
        };
        let more = [form.clone(), Term::text(name), value];
        self.body = BodyTerms::Form(translator.set("form", call(f::WITH_PAIR, more)));
        Ok(())
    }

    pub(super) fn prepare_json(
        &mut self,
        translator: &mut Translator<'_>,
        field: &TemplateField,
    ) -> Result<(), ProgramError> {
        let BodyTerms::Members(members) = &self.body else {
            return Err(translator.error("the request has a body of another kind"));
        };
        let members = translator.with_member(members.clone(), field)?;
        self.body = BodyTerms::Members(translator.set("members", members));
        Ok(())
    }

    /// From here on query and body have their bytes; the templates of steps see them.
    ///
    /// # Errors
    /// When the query of the path holds a secret that no variable can stand for.
    pub(super) fn freeze(&mut self, translator: &mut Translator<'_>) -> Result<(), ProgramError> {
        "the request".clone_into(&mut translator.place);
        translator.comment("the parts that can be signed");
        let mut query = self.frozen_query(translator);
        if !is_short(&query) {
            query = translator.set("query_sent", query);
        }
        self.name_body(translator);
        self.name_address(translator, &query);
        self.sent_query = query;
        let raw_query = &translator.source.draft.raw_query;
        let query_pairs = if raw_query.is_empty() {
            self.query.clone()
        } else {
            let raw_pairs = pairs(translator, &parse_form(raw_query))?;
            call(f::ALSO, [raw_pairs, self.query.clone()])
        };
        translator.name("req.query_pairs", query_pairs);
        translator.name("req.header_pairs", self.headers.clone());
        translator.name("req.method", Term::text(self.method.name()));
        let host = translator.source.base.authority();
        translator.name("req.host", Term::text(host));
        Ok(())
    }

    fn frozen_query(&self, translator: &Translator<'_>) -> Term {
        let draft = translator.source.draft;
        let encoded = match &self.fixed_query {
            Some(query) => Term::text(query),
            None => call(f::QUERY_TEXT, [self.query.clone()]),
        };
        match (self.raw_query.as_literal(), encoded.as_literal()) {
            (Some(""), _) => encoded,
            (_, Some("")) => self.raw_query.clone(),
            _ if !draft.query.is_empty() => {
                joined(vec![self.raw_query.clone(), Term::text("&"), encoded])
            }
            _ => call(f::WITH_PARAMETERS, [self.raw_query.clone(), encoded]),
        }
    }

    fn name_address(&self, translator: &mut Translator<'_>, query: &Term) {
        let empty = |path: &Term| path.as_literal() == Some("");
        let line_path = if empty(&self.path) {
            Term::text("/")
        } else {
            self.path.clone()
        };
        let target = target(&line_path, query);
        let origin = Term::text(translator.source.base.origin());
        let url = joined(vec![origin, target.clone()]);
        translator.name("req.path", self.path.clone());
        translator.name("req.api_path", self.api_path.clone());
        translator.name("req.query", query.clone());
        translator.name("req.path_query", target);
        translator.name("req.url", url);
    }

    fn name_body(&mut self, translator: &mut Translator<'_>) {
        let none = || Term::Pairs(Vec::new());
        let (mut form, mut json, mut multipart) = (none(), none(), none());
        let (body, kind) = match &self.body {
            BodyTerms::None => (Term::text(""), "none"),
            BodyTerms::Fixed { bytes, kind, pairs } => {
                match *kind {
                    "json" => json = pairs.clone(),
                    "multipart" => multipart = pairs.clone(),
                    _ => {}
                }
                (translator.set_unless_empty("body", bytes.clone()), *kind)
            }
            BodyTerms::Form(pairs) => {
                form = pairs.clone();
                let text = fixed_form(translator, pairs)
                    .unwrap_or_else(|| call(f::FORM_TEXT, [pairs.clone()]));
                (translator.set("body", text), "form")
            }
            BodyTerms::Members(members) => {
                json = call(f::MEMBER_PAIRS, [members.clone()]);
                let text = call(f::JSON_OBJECT, [members.clone()]);
                (translator.set("body", text), "json")
            }
        };
        let text = if kind == "multipart" {
            Term::text("")
        } else {
            body.clone()
        };
        translator.name("req.body", text);
        translator.name("req.body_bytes", body.clone());
        let json_body = if kind == "json" {
            body.clone()
        } else {
            Term::text("")
        };
        translator.name("req.json_body", json_body);
        translator.name("req.body_kind", Term::text(kind));
        translator.name("req.form_pairs", form);
        translator.name("req.json_pairs", json);
        translator.name("req.multipart_pairs", multipart);
        self.sent_body = body;
    }

    pub(super) fn attach_query(
        &mut self,
        translator: &mut Translator<'_>,
        name: &str,
        value: Term,
    ) {
        let more = [self.sent_query.clone(), Term::text(name), value];
        self.sent_query = translator.set("query_line", call(f::WITH_PARAMETER, more));
    }

    pub(super) fn attach_header(
        &mut self,
        translator: &mut Translator<'_>,
        name: &str,
        value: Term,
    ) {
        self.headers = with_header(
            translator,
            "sent_headers",
            self.headers.clone(),
            name,
            value,
        );
    }

    pub(super) fn attach_form(
        &mut self,
        translator: &mut Translator<'_>,
        name: &str,
        value: Term,
    ) -> Result<(), ProgramError> {
        if !matches!(self.body, BodyTerms::Form(_)) {
            return Err(translator.error("the request has a body of another kind"));
        }
        let more = [self.sent_body.clone(), Term::text(name), value];
        self.sent_body = translator.set("sent_body", call(f::WITH_FIELD, more));
        Ok(())
    }

    pub(super) fn attach_json(
        &mut self,
        translator: &mut Translator<'_>,
        field: &TemplateField,
    ) -> Result<(), ProgramError> {
        let BodyTerms::Members(members) = &self.body else {
            return Err(translator.error("the request has a body of another kind"));
        };
        let members = translator.with_member(members.clone(), field)?;
        let members = translator.set("sent_members", members);
        self.sent_body = translator.set("sent_body", call(f::JSON_OBJECT, [members.clone()]));
        self.body = BodyTerms::Members(members);
        Ok(())
    }

    pub(super) fn send(self, translator: &mut Translator<'_>) {
        "the request".clone_into(&mut translator.place);
        translator.comment("send it");
        let agent = concat!("ingam/", env!("CARGO_PKG_VERSION"));
        let mut headers = self.headers;
        for (name, value) in [("accept", "*/*"), ("user-agent", agent)] {
            let more = [headers, Term::text(name), Term::text(value)];
            headers = translator.set("sent_headers", call(f::WITH_DEFAULT_HEADER, more));
        }
        let path = match self.path.as_literal() {
            Some("") => Term::text("/"),
            _ => self.path,
        };
        translator.statements.push(Statement::Send(SentParts {
            method: self.method.name().to_owned(),
            origin: translator.source.base.origin().to_owned(),
            target: target(&path, &self.sent_query),
            headers,
            body: bytes_of(self.sent_body),
        }));
    }
}

impl Translator<'_> {
    fn set_unless_empty(&mut self, name: &'static str, value: Term) -> Term {
        if value.as_literal() == Some("") {
            value
        } else {
            self.set(name, value)
        }
    }
}

fn target(path: &Term, query: &Term) -> Term {
    match query.as_literal() {
        Some("") => path.clone(),
        Some(_) => joined(vec![path.clone(), Term::text("?"), query.clone()]),
        None => call(f::TARGET, [path.clone(), query.clone()]),
    }
}

fn with_header(
    translator: &mut Translator<'_>,
    variable: &'static str,
    headers: Term,
    name: &str,
    value: Term,
) -> Term {
    let name = Term::text(name.to_ascii_lowercase());
    translator.set(variable, call(f::WITH_HEADER, [headers, name, value]))
}

fn pairs(
    translator: &mut Translator<'_>,
    pairs: &[(String, String)],
) -> Result<Term, ProgramError> {
    let terms: Result<Vec<(Term, Term)>, ProgramError> = pairs
        .iter()
        .map(|(name, value)| {
            Ok((
                translator.secret_text(name)?,
                translator.secret_text(value)?,
            ))
        })
        .collect();
    terms.map(Term::Pairs)
}

/// Pairs in which no secret stands.
fn literal_pairs(pairs: &Term) -> Option<Vec<(String, String)>> {
    let Term::Pairs(pairs) = pairs else {
        return None;
    };
    let literal = |term: &Term| term.as_literal().map(str::to_owned);
    pairs
        .iter()
        .map(|(name, value)| Some((literal(name)?, literal(value)?)))
        .collect()
}

/// The text of a form to which the scheme adds nothing before it signs, and which holds no secret.
fn fixed_form(translator: &Translator<'_>, form: &Term) -> Option<Term> {
    let is_prepared = !translator.source.level.procedure.prepare.form.is_empty();
    literal_pairs(form)
        .filter(|_| !is_prepared)
        .map(|pairs| Term::text(join_form(&pairs)))
}

fn body_terms(
    translator: &mut Translator<'_>,
    procedure: &SigningProcedure,
) -> Result<BodyTerms, ProgramError> {
    let (prepare, attach) = (&procedure.prepare, &procedure.attach);
    let body = &translator.source.draft.body;
    let has_json = !prepare.json.is_empty() || !attach.json.is_empty();
    Ok(match body {
        DraftBody::None if !prepare.json.is_empty() => {
            BodyTerms::Members(translator.set("members", Term::Members(Vec::new())))
        }
        DraftBody::None if !prepare.form.is_empty() => {
            BodyTerms::Form(translator.set("form", Term::Pairs(Vec::new())))
        }
        DraftBody::None => BodyTerms::None,
        DraftBody::Form(fields) => {
            let fields = pairs(translator, fields)?;
            // Named only where the scheme changes it: otherwise its text is known already.
            BodyTerms::Form(if prepare.form.is_empty() {
                fields
            } else {
                translator.set("form", fields)
            })
        }
        DraftBody::Json(Value::Object(members)) if has_json => {
            let members = Term::Members(translator.object_members(members)?);
            BodyTerms::Members(translator.set("members", members))
        }
        DraftBody::Json(value) => {
            let pairs = match value {
                Value::Object(members) => translator
                    .object_members(members)?
                    .into_iter()
                    .map(|(name, _, text)| (Term::Text(name), text))
                    .collect(),
                _ => Vec::new(),
            };
            BodyTerms::Fixed {
                bytes: translator.json_value(value)?,
                kind: "json",
                pairs: Term::Pairs(pairs),
            }
        }
        other => fixed_body(translator, other)?,
    })
}

/// Text, bytes or parts: nothing is added to them.
fn fixed_body(
    translator: &mut Translator<'_>,
    body: &DraftBody,
) -> Result<BodyTerms, ProgramError> {
    let bytes = body.to_bytes();
    if bytes.len() > MAX_BODY_BYTES {
        return Err(ProgramError::LargeBody {
            bytes: bytes.len(),
            limit: MAX_BODY_BYTES,
        });
    }
    let parts = match body {
        DraftBody::Multipart { parts, .. } => parts.as_slice(),
        _ => &[],
    };
    let mut fields = Vec::new();
    for part in parts.iter().filter(|part| part.filename.is_none()) {
        if let Ok(text) = std::str::from_utf8(&part.content) {
            let name = translator.secret_text(&part.name)?;
            fields.push((name, translator.secret_text(text)?));
        }
    }
    Ok(BodyTerms::Fixed {
        bytes: body_bytes(translator, body, &bytes)?,
        kind: body.kind(),
        pairs: Term::Pairs(fields),
    })
}

/// # Errors
/// When a body that is written in base64, or in another encoding than the secret, holds one.
fn body_bytes(
    translator: &mut Translator<'_>,
    body: &DraftBody,
    bytes: &[u8],
) -> Result<Term, ProgramError> {
    let term = match std::str::from_utf8(bytes) {
        Ok(text) => translator.secret_text(text)?,
        Err(_) => Term::Bytes(bytes.to_vec()),
    };
    if matches!(term, Term::Text(_) | Term::Bytes(_)) {
        translator.secrets.check_bytes(bytes)?;
        // In another encoding the letters of a secret are other bytes.
        if let DraftBody::Encoded { text, .. } = body {
            translator.secrets.check_bytes(text.as_bytes())?;
        }
    }
    Ok(term)
}

/// The `content-type` that is added because neither request nor scheme names one.
fn added_media_type(translator: &Translator<'_>, body: &BodyTerms) -> Option<String> {
    let source = translator.source;
    let prepared = &source.level.procedure.prepare.headers;
    let is_named = prepared
        .iter()
        .any(|field| field.name.eq_ignore_ascii_case("content-type"));
    if is_named {
        return None;
    }
    match (&source.draft.body, body) {
        (DraftBody::None, BodyTerms::Members(_)) => DraftBody::Json(Value::Null).media_type(),
        (DraftBody::None, BodyTerms::Form(_)) => DraftBody::Form(Vec::new()).media_type(),
        _ => source.draft.added_media_type(),
    }
}
