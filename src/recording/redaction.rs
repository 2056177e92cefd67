//! Replaces personal data in responses by pseudonyms. Equal values get equal pseudonyms, numbered
//! in the order in which they appear, so that an unchanged marketplace gives unchanged files. A
//! pseudonym is a counter, not a hash: from a hash the value can be found by trying every phone
//! number.

use super::documents::{TextBody, nested_json};
use super::personal_values::{
    InspectedBody, InspectedResponse, MAX_NESTING, PersonalDataError, collect_named, content_type,
    for_each_scalar, for_each_text, xml_places,
};
use crate::jsonpath::{JsonPath, SearchLimitExceeded, replace_matches};
use crate::model::lazy_regex::LazyRegex;
use crate::model::recording::{
    RecordedBody, RecordedExchange, RecordedHeaders, RecordedOutcome, RecordedPart,
    RecordedRequest, RecordedResponse, ResponseBody,
};
use crate::model::redact_rule::RedactRule;
use crate::redact::{MIN_PERSONAL_BYTES, Redactor, redact_text};
use crate::value::{Number, Value};
use crate::wire::WireResponse;
use crate::xml::XPath;
use std::collections::{HashMap, HashSet};

/// The pseudonym of a text is this and its number.
const PSEUDONYM_PREFIX: &str = "redacted-";
/// What stands for the id of the run.
pub(crate) const RUN_ID_PLACEHOLDER: &str = "<run_id>";
/// The pseudonym of digits is its number added to this one.
const DIGIT_PSEUDONYM_BASE: u32 = 900_000_000;
/// The largest number above the base that counts as a pseudonym when a recording is read again.
const MAX_RESUMED_NUMBER: u32 = 99_999;

/// What has been replaced so far, of one request file as one account.
#[derive(Clone, Debug)]
pub(crate) struct Redaction {
    /// Value → its pseudonym.
    pseudonyms: HashMap<String, String>,
    /// Every pseudonym that was given out. A real value can look like one (`900000123` is a phone
    /// number somewhere), so the spelling alone says nothing.
    issued: HashSet<String>,
    last_number: u32,
    has_short_values: bool,
    /// Finds the values in texts, in their encodings.
    search: Redactor,
    /// The same for what is shown, with those short values that a request sends.
    shown_search: Redactor,
    /// Short values that were captured where a rule names them. In requests, a whole value that
    /// equals one is replaced.
    captured: HashSet<String>,
    /// Where secrets stood that are too short to be searched for in encodings: they are replaced
    /// there, and as whole words elsewhere.
    secret_places: Vec<RedactRule>,
    /// Replaced in recordings, and shown in reports.
    run_id: Option<String>,
    /// Whether what is spelled like a pseudonym is one.
    keeps_pseudonyms: bool,
}

impl Default for Redaction {
    fn default() -> Self {
        Self {
            pseudonyms: HashMap::new(),
            issued: HashSet::new(),
            last_number: 0,
            has_short_values: false,
            search: Redactor::for_personal_data(),
            shown_search: Redactor::for_personal_data(),
            captured: HashSet::new(),
            secret_places: Vec::new(),
            run_id: None,
            keeps_pseudonyms: false,
        }
    }
}

impl Redaction {
    /// The id of a run is replaced as well: it changes with each run, and a response may repeat it.
    #[must_use]
    pub(crate) fn for_run(run_id: &str) -> Self {
        Self {
            run_id: Some(run_id.to_owned()),
            ..Self::default()
        }
    }

    /// For responses that come from recordings: what is spelled like a pseudonym in them is one,
    /// and stays, so that a replay shows the same as the run that was recorded.
    #[must_use]
    pub(crate) fn keeping_pseudonyms(self) -> Self {
        Self {
            keeps_pseudonyms: true,
            ..self
        }
    }

    /// Goes on where the run that wrote this recording ended: the pseudonyms in it stay, and new
    /// ones are numbered after them. Here the spelling has to decide, because the file does not
    /// list its pseudonyms; a real value of that spelling was replaced when it was recorded.
    pub(crate) fn resume(&mut self, exchanges: &[RecordedExchange]) {
        for exchange in exchanges {
            if let RecordedOutcome::Response(response) | RecordedOutcome::Truncated(response) =
                &exchange.outcome
            {
                self.resume_response(response);
            }
        }
    }

    fn resume_response(&mut self, response: &RecordedResponse) {
        for (_, value) in &response.headers {
            self.resume_text(value);
        }
        match &response.body {
            ResponseBody::Json(value) => for_each_text(value, &mut |text| self.resume_text(text)),
            ResponseBody::Text(text) => self.resume_text(text),
            ResponseBody::None | ResponseBody::Bytes(_) | ResponseBody::File(_) => {}
        }
    }

    /// Pseudonyms are whole words, and a text can hold several.
    fn resume_text(&mut self, text: &str) {
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-') {
            if let Some(number) = pseudonym_number(word) {
                self.issued.insert(word.to_owned());
                self.last_number = self.last_number.max(number);
            }
        }
    }

    /// What was replaced in a fixture stays replaced in those that need it.
    pub(crate) fn include(&mut self, other: &Self) {
        self.issued.extend(other.issued.iter().cloned());
        for (value, pseudonym) in &other.pseudonyms {
            // The own pseudonym wins: it may stand in exchanges that were captured already.
            if !self.pseudonyms.contains_key(value) {
                self.insert(value, pseudonym.clone());
            }
        }
        for text in &other.captured {
            self.note_captured_text(text);
        }
        for place in &other.secret_places {
            self.add_secret_place(place);
        }
        self.last_number = self.last_number.max(other.last_number);
    }

    /// From now on a short secret is replaced by `‹name›`: at its place in responses, in requests
    /// that send it, and wherever it stands as a word.
    pub(crate) fn hide_short_secret(&mut self, value: &str, name: &str, place: &RedactRule) {
        self.add_secret_place(place);
        if self.captured.contains(value) {
            return;
        }
        let shown = format!("‹{name}›");
        self.issued.insert(shown.clone());
        self.has_short_values = true;
        self.search.add_short_personal_value(value, &shown);
        self.shown_search.add_short_personal_value(value, &shown);
        // A secret is not shown as personal data, which a person can ask to see.
        self.pseudonyms.insert(value.to_owned(), shown);
        self.captured.insert(value.to_owned());
    }

    fn add_secret_place(&mut self, place: &RedactRule) {
        let is_known = |known: &RedactRule| match (known, place) {
            (RedactRule::Path(known), RedactRule::Path(place)) => known.as_str() == place.as_str(),
            (RedactRule::Header(known), RedactRule::Header(place)) => known == place,
            _ => false,
        };
        if !self.secret_places.iter().any(is_known) {
            self.secret_places.push(place.clone());
        }
    }

    /// Whether a secret was found that is too short to be searched for in encodings.
    #[must_use]
    pub(crate) fn has_short_secrets(&self) -> bool {
        !self.secret_places.is_empty()
    }

    /// Whether any value is replaced.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.pseudonyms.is_empty()
    }

    /// Finds the values in any text that is shown, each with its pseudonym.
    pub(crate) fn shown_search_mut(&mut self) -> &mut Redactor {
        &mut self.shown_search
    }

    /// The values that texts hold, with their pseudonyms. Of the short ones only those that were
    /// captured, which a text can hold inside of a word as well: the others stand everywhere.
    pub(crate) fn values_in(&mut self, texts: &[&str]) -> Vec<(String, String)> {
        let search = &mut self.shown_search;
        let mut searched = texts.iter();
        let is_any = searched.any(|text| search.contains_secret(text.as_bytes()));
        if !is_any && self.captured.is_empty() {
            return Vec::new();
        }
        let is_in = |value: &str| {
            // Places that overlap are joined, so each value is searched for alone.
            let mut alone = Redactor::for_personal_data();
            alone.add_personal_value(value, "");
            texts.iter().any(|text| {
                alone.contains_secret(text.as_bytes())
                    || (self.captured.contains(value) && text.contains(value))
            })
        };
        let values = self.pseudonyms.iter();
        values
            .filter(|(value, _)| is_in(value))
            .map(|(value, pseudonym)| (value.clone(), pseudonym.clone()))
            .collect()
    }

    /// From now on the value is shown as its pseudonym, however short it is.
    pub(crate) fn hide_value(&mut self, value: &str, pseudonym: &str) {
        if !self.pseudonyms.contains_key(value) {
            self.issued.insert(pseudonym.to_owned());
            self.insert(value, pseudonym.to_owned());
        }
        self.note_captured_text(value);
    }

    /// A request can send what was captured: `redacted` is the same capture of the redacted
    /// response. A short value that differs in the two is replaced in requests, and in what is
    /// shown.
    pub(crate) fn note_captured(&mut self, value: &Value, redacted: &Value) {
        match (value, redacted) {
            (Value::List(values), Value::List(others)) => values
                .iter()
                .zip(others)
                .for_each(|(value, other)| self.note_captured(value, other)),
            (Value::Object(members), Value::Object(others)) => members
                .iter()
                .zip(others)
                .for_each(|((_, value), (_, other))| self.note_captured(value, other)),
            (Value::String(_) | Value::Number(_), _) if value != redacted => {
                if let Some(text) = value.to_plain_text() {
                    self.note_captured_text(&text);
                }
            }
            _ => {}
        }
    }

    fn note_captured_text(&mut self, text: &str) {
        let is_short = text.len() < MIN_PERSONAL_BYTES;
        let Some(pseudonym) = self.pseudonyms.get(text).filter(|_| is_short) else {
            return;
        };
        if self.captured.insert(text.to_owned()) {
            // One or two digits stand everywhere: a page, a count, a day.
            let is_distinct = text.chars().any(char::is_alphabetic) || text.len() > 2;
            if is_distinct && text.chars().count() > 1 {
                self.shown_search.add_short_personal_value(text, pseudonym);
            }
        }
    }

    /// The pseudonym of a value of a request that is a captured one as a whole.
    fn captured_pseudonym(&self, text: &str) -> Option<&str> {
        if self.captured.is_empty() || !self.captured.contains(text) {
            return None;
        }
        self.pseudonym_of(text)
    }

    fn insert(&mut self, value: &str, pseudonym: String) {
        self.has_short_values |= value.len() < MIN_PERSONAL_BYTES;
        self.search.add_personal_value(value, &pseudonym);
        self.shown_search.add_personal_value(value, &pseudonym);
        self.pseudonyms.insert(value.to_owned(), pseudonym);
    }

    fn pseudonym_of(&self, value: &str) -> Option<&str> {
        self.pseudonyms.get(value).map(String::as_str)
    }

    /// Gives a pseudonym to every value of a response that a rule names. A value that the request
    /// itself holds is kept, since it stands in a file of the workspace already; `request` gives
    /// its texts.
    ///
    /// # Errors
    /// When a rule cannot be applied to the response: then nothing of its body may be written.
    pub(crate) fn collect(
        &mut self,
        response: &InspectedResponse<'_>,
        rules: &[&RedactRule],
        request: &dyn Fn() -> HashSet<String>,
    ) -> Result<(), PersonalDataError> {
        let mut found = Vec::new();
        let collected = collect_named(response, rules, &mut |value| found.push(value.to_owned()));
        // The texts of a request are made only for a response that has anything personal.
        if !found.is_empty() {
            let said = request();
            for value in &found {
                self.add_pseudonym(value, &said);
            }
        }
        collected
    }

    fn add_pseudonym(&mut self, value: &str, said: &HashSet<String>) {
        // What names nobody, such as `****`, and what is a pseudonym already, stays as it is.
        let says_nothing = !value.chars().any(char::is_alphanumeric);
        if says_nothing
            || self.issued.contains(value)
            || said.contains(value)
            || self.run_id.as_deref() == Some(value)
            || self.pseudonyms.contains_key(value)
        {
            return;
        }
        if self.keeps_pseudonyms && pseudonym_number(value).is_some() {
            self.resume_text(value);
            return;
        }
        let pseudonym = self.next_pseudonym(value);
        self.issued.insert(pseudonym.clone());
        self.insert(value, pseudonym);
    }

    /// Digits get digits, so that a number stays a number.
    fn next_pseudonym(&mut self, value: &str) -> String {
        let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        loop {
            self.last_number += 1;
            let pseudonym = if is_digits {
                (DIGIT_PSEUDONYM_BASE + self.last_number).to_string()
            } else {
                format!("{PSEUDONYM_PREFIX}{}", self.last_number)
            };
            // A real value of the same spelling has a pseudonym of its own, and the replacement of
            // texts would replace this one a second time.
            if pseudonym != value && !self.pseudonyms.contains_key(&pseudonym) {
                return pseudonym;
            }
        }
    }

    /// A response in which everything that a rule names is replaced, whatever its length. The same
    /// values elsewhere are replaced by [`Redaction::redact_leaf`].
    ///
    /// # Errors
    /// When a rule cannot be applied to the response.
    pub(crate) fn redact_named(
        &self,
        response: RecordedResponse,
        rules: &[&RedactRule],
    ) -> Result<RecordedResponse, PersonalDataError> {
        let rules = self.rule_kinds(rules);
        let body = match response.body {
            ResponseBody::Json(value) => ResponseBody::Json(self.named(&value, &rules)?),
            ResponseBody::Text(text) => {
                let content_type = content_type(&response.headers);
                ResponseBody::Text(self.named_text(text, content_type, &rules)?)
            }
            other => other,
        };
        Ok(RecordedResponse {
            headers: self.named_headers(&response.headers, &rules),
            body,
            ..response
        })
    }

    fn rule_kinds<'r>(&'r self, rules: &[&'r RedactRule]) -> RuleKinds<'r> {
        let mut kinds = RuleKinds::default();
        kinds.add(rules.iter().copied());
        kinds.must_apply = !kinds.paths.is_empty();
        kinds.add(&self.secret_places);
        kinds
    }

    fn named_headers(
        &self,
        headers: &[(String, String)],
        rules: &RuleKinds<'_>,
    ) -> Vec<(String, String)> {
        let redact = |name: &str, value: &str| {
            if rules.headers.contains(&name) {
                self.pseudonym_of(value).unwrap_or(value).to_owned()
            } else {
                self.replace_patterns(value, rules)
            }
        };
        headers
            .iter()
            .map(|(name, value)| (name.clone(), redact(name, value)))
            .collect()
    }

    /// A response in which everything that a rule names is replaced, to be shown. Bytes stay: they
    /// are shown by their number only.
    ///
    /// # Errors
    /// When a rule cannot be applied to the body.
    pub(crate) fn redact_wire(
        &self,
        response: &WireResponse,
        rules: &[&RedactRule],
    ) -> Result<WireResponse, PersonalDataError> {
        let kinds = self.rule_kinds(rules);
        let inspected = InspectedResponse::of_wire(response);
        let text = match inspected.body {
            InspectedBody::Json(value) => Some(self.named(&value.to_value(), &kinds)?.to_json()),
            InspectedBody::Text(text) => {
                let kind = content_type(inspected.headers);
                Some(self.named_text(text.to_owned(), kind, &kinds)?)
            }
            InspectedBody::None | InspectedBody::Bytes(_) => None,
        };
        let redacted = WireResponse::new(
            response.status,
            self.named_headers(&response.headers, &kinds),
            response.body().clone(),
            response.latency,
        );
        Ok(match text {
            Some(text) => redacted.with_text(text),
            None => redacted,
        })
    }

    /// Whether a value was found that is too short to be searched for in texts.
    #[must_use]
    pub(crate) fn has_short_values(&self) -> bool {
        self.has_short_values
    }

    /// A value that an assertion expects, in which every string that is personal is replaced,
    /// however short it is.
    #[must_use]
    pub(crate) fn redact_operand(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text.chars().any(char::is_alphabetic) => self
                .pseudonym_of(text)
                .map_or_else(|| value.clone(), Value::from),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.redact_operand(item)).collect())
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.redact_operand(member)))
                    .collect(),
            ),
            single => single.clone(),
        }
    }

    fn named_text(
        &self,
        text: String,
        content_type: Option<&str>,
        rules: &RuleKinds<'_>,
    ) -> Result<String, PersonalDataError> {
        let text = self.named_xml(text, content_type, rules)?;
        if rules.paths.is_empty() {
            return Ok(self.replace_patterns(&text, rules));
        }
        let body = match TextBody::split(&text, content_type) {
            Ok(body) => body,
            Err(_) if rules.must_apply => return Err(PersonalDataError::NotJson),
            // The place of a short secret is in another response of the file.
            Err(_) => return Ok(self.replace_patterns(&text, rules)),
        };
        let mut is_changed = false;
        let body = body.try_map(&mut |value| {
            let named = self.named(value, rules)?;
            is_changed |= named != *value;
            Ok::<_, PersonalDataError>(named)
        })?;
        // Unchanged, it keeps the spelling of the marketplace.
        let text = if is_changed { body.to_text() } else { text };
        Ok(self.replace_patterns(&text, rules))
    }

    /// A text of XML in which every text that an XPath names is replaced, whatever its length.
    fn named_xml(
        &self,
        text: String,
        content_type: Option<&str>,
        rules: &RuleKinds<'_>,
    ) -> Result<String, PersonalDataError> {
        let mut text = text;
        for path in &rules.xpaths {
            let mark = text.len() - text.trim_start_matches('\u{feff}').len();
            // From the end: the places before stay as they are.
            for place in xml_places(path, &text, content_type)?.into_iter().rev() {
                let pseudonym = self.pseudonym_of(place.text.trim());
                let range = place.range.start + mark..place.range.end + mark;
                if let Some(pseudonym) = pseudonym {
                    text.replace_range(range, pseudonym);
                }
            }
        }
        Ok(text)
    }

    /// A document in which every value that a rule names is replaced, in JSON inside of its strings
    /// as well.
    fn named(&self, value: &Value, rules: &RuleKinds<'_>) -> Result<Value, SearchLimitExceeded> {
        self.named_below(value, rules, MAX_NESTING)
    }

    fn named_below(
        &self,
        value: &Value,
        rules: &RuleKinds<'_>,
        depth: usize,
    ) -> Result<Value, SearchLimitExceeded> {
        let paths = rules.paths.iter().copied();
        let value = replace_matches(value, paths, &mut |value| self.pseudonymized(value))?;
        self.named_in_texts(&value, rules, depth)
    }

    fn named_in_texts(
        &self,
        value: &Value,
        rules: &RuleKinds<'_>,
        depth: usize,
    ) -> Result<Value, SearchLimitExceeded> {
        Ok(match value {
            Value::String(text) => {
                let nested = if depth > 0 { nested_json(text) } else { None };
                if let Some(nested) = nested {
                    let named = self.named_below(&nested, rules, depth - 1)?;
                    if named != nested {
                        return Ok(Value::from(named.to_json()));
                    }
                }
                Value::from(self.replace_patterns(text, rules))
            }
            Value::List(items) => {
                let mut named = Vec::with_capacity(items.len());
                for item in items {
                    named.push(self.named_in_texts(item, rules, depth)?);
                }
                Value::List(named)
            }
            Value::Object(members) => {
                let mut named = Vec::with_capacity(members.len());
                for (name, member) in members {
                    let name = self.replace_patterns(name, rules);
                    named.push((name.into(), self.named_in_texts(member, rules, depth)?));
                }
                Value::Object(named)
            }
            single => single.clone(),
        })
    }

    fn replace_patterns(&self, text: &str, rules: &RuleKinds<'_>) -> String {
        let mut replaced = text.to_owned();
        for pattern in &rules.patterns {
            let pseudonym = |found: &regex::Captures<'_>| {
                self.pseudonym_of(&found[0]).unwrap_or(&found[0]).to_owned()
            };
            if pattern.is_match(&replaced) {
                replaced = pattern.replace_all(&replaced, pseudonym).into_owned();
            }
        }
        replaced
    }

    /// A value that a rule names, whatever its length.
    fn pseudonymized(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self
                .pseudonym_of(text)
                .map_or_else(|| value.clone(), Value::from),
            Value::Number(number) => self
                .pseudonym_of(number.as_str())
                .map_or_else(|| value.clone(), number_or_text),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.pseudonymized(item)).collect())
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.pseudonymized(member)))
                    .collect(),
            ),
            single => single.clone(),
        }
    }

    /// A text without secrets and without the values that were found so far.
    pub(crate) fn redact_leaf(&mut self, text: &str, secrets: &mut Redactor) -> String {
        let redacted = redact_text(&mut [secrets, &mut self.search], text);
        match &self.run_id {
            Some(run_id) => replace_whole(&redacted, run_id, RUN_ID_PLACEHOLDER),
            None => redacted,
        }
    }

    /// A value in which every text is redacted.
    pub(crate) fn redact_leaves(&mut self, value: &Value, secrets: &mut Redactor) -> Value {
        match value {
            Value::String(text) => Value::from(self.redact_leaf(text, secrets)),
            Value::Number(number) => {
                let text = self.redact_leaf(number.as_str(), secrets);
                if text == number.as_str() {
                    value.clone()
                } else {
                    number_or_text(&text)
                }
            }
            Value::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.redact_leaves(item, secrets))
                    .collect(),
            ),
            Value::Object(members) => {
                let mut redacted = Vec::with_capacity(members.len());
                for (name, member) in members {
                    let name = self.redact_leaf(name, secrets);
                    redacted.push((name.into(), self.redact_leaves(member, secrets)));
                }
                Value::Object(redacted)
            }
            single => single.clone(),
        }
    }

    /// A request without secrets, and with the values replaced that were found in earlier
    /// responses.
    #[must_use]
    pub(crate) fn redact_request(
        &mut self,
        request: &RecordedRequest,
        secrets: &mut Redactor,
    ) -> RecordedRequest {
        let body = match &request.body {
            RecordedBody::Json(value) => {
                let value = self.with_captured(value);
                RecordedBody::Json(self.redact_leaves(&value, secrets))
            }
            RecordedBody::Form(fields) => RecordedBody::Form(self.redact_pairs(fields, secrets)),
            RecordedBody::Multipart(parts) => {
                let part = |part: &RecordedPart| RecordedPart {
                    text: self.redact_sent(&part.text, secrets),
                    ..part.clone()
                };
                RecordedBody::Multipart(parts.iter().map(part).collect())
            }
            RecordedBody::Text(text) => RecordedBody::Text(self.redact_sent(text, secrets)),
            RecordedBody::None | RecordedBody::Hash(_) => request.body.clone(),
        };
        let segments = request.path.split('/');
        let path: Vec<&str> = segments
            .map(|segment| self.captured_pseudonym(segment).unwrap_or(segment))
            .collect();
        let path = path.join("/");
        RecordedRequest {
            path: self.redact_leaf(&path, secrets),
            query: self.redact_pairs(&request.query, secrets),
            headers: RecordedHeaders {
                pairs: self.redact_pairs(&request.headers.pairs, secrets),
                ..request.headers
            },
            body,
            ..request.clone()
        }
    }

    fn redact_pairs(
        &mut self,
        pairs: &[(String, String)],
        secrets: &mut Redactor,
    ) -> Vec<(String, String)> {
        let mut redacted: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| {
                (
                    self.redact_leaf(name, secrets),
                    self.redact_sent(value, secrets),
                )
            })
            .collect();
        // A name that was replaced stands elsewhere among the others.
        redacted.sort_by(|left, right| left.0.cmp(&right.0));
        redacted
    }

    /// A value of a request.
    fn redact_sent(&mut self, text: &str, secrets: &mut Redactor) -> String {
        match self.captured_pseudonym(text) {
            Some(pseudonym) => pseudonym.to_owned(),
            None => self.redact_leaf(text, secrets),
        }
    }

    /// A body of a request, with every whole value replaced that was captured.
    fn with_captured(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self
                .captured_pseudonym(text)
                .map_or_else(|| value.clone(), Value::from),
            Value::Number(number) => self
                .captured_pseudonym(number.as_str())
                .map_or_else(|| value.clone(), number_or_text),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.with_captured(item)).collect())
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.with_captured(member)))
                    .collect(),
            ),
            single => single.clone(),
        }
    }

    /// A response without secrets and personal data, but for the bytes of a body that is no text.
    ///
    /// # Errors
    /// When a rule cannot be applied to the response: then nothing of it may be written.
    pub(crate) fn redact_response(
        &mut self,
        response: RecordedResponse,
        rules: &[&RedactRule],
        request: &RecordedRequest,
        secrets: &mut Redactor,
    ) -> Result<RecordedResponse, PersonalDataError> {
        // Two passes. The first collects the values that rules name, from the whole response,
        // before anything is replaced: a value may stand in a note above the field that a rule
        // names. The second replaces them: where a rule names them whatever their length, and
        // elsewhere only longer ones, because a `0` that is personal in one field stands in a
        // hundred others.
        self.collect(&InspectedResponse::of_recorded(&response), rules, &|| {
            request_texts(request)
        })?;
        let response = self.redact_named(response, rules)?;
        let body = match response.body {
            ResponseBody::Json(value) => ResponseBody::Json(self.redact_leaves(&value, secrets)),
            ResponseBody::Text(text) => ResponseBody::Text(self.redact_leaf(&text, secrets)),
            other => other,
        };
        let headers = response
            .headers
            .into_iter()
            .map(|(name, value)| (name, self.redact_leaf(&value, secrets)))
            .collect();
        Ok(RecordedResponse {
            headers,
            body,
            ..response
        })
    }
}

fn number_or_text(pseudonym: &str) -> Value {
    Number::parse(pseudonym).map_or_else(|| Value::from(pseudonym), Value::Number)
}

/// Rules by their kind.
#[derive(Default)]
struct RuleKinds<'r> {
    paths: Vec<&'r JsonPath>,
    xpaths: Vec<&'r XPath>,
    patterns: Vec<&'r LazyRegex>,
    headers: Vec<&'r str>,
    /// Whether a body to which the paths cannot be applied is an error.
    must_apply: bool,
}

impl<'r> RuleKinds<'r> {
    fn add(&mut self, rules: impl IntoIterator<Item = &'r RedactRule>) {
        for rule in rules {
            match rule {
                RedactRule::Path(path) => self.paths.push(path),
                RedactRule::XPath(path) => self.xpaths.push(path),
                RedactRule::Pattern(pattern) => self.patterns.push(pattern),
                RedactRule::Header(name) => self.headers.push(name),
            }
        }
    }
}

/// Replaces a text where it stands by itself: an id is not a part of a longer number.
fn replace_whole(text: &str, value: &str, stand_in: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let joins = |left: Option<char>, right: Option<char>| {
            left.zip(right).is_some_and(|(left, right)| {
                left.is_ascii_alphanumeric() && right.is_ascii_alphanumeric()
            })
        };
        // The last character may be one that an earlier replacement wrote, which is then at the end
        // of `out`.
        let is_part = joins(
            before
                .chars()
                .next_back()
                .or(out.chars().next_back().filter(|_| before.is_empty())),
            value.chars().next(),
        ) || joins(value.chars().next_back(), after.chars().next());
        out.push_str(before);
        out.push_str(if is_part { value } else { stand_in });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The number of a word that is spelled like a pseudonym.
fn pseudonym_number(word: &str) -> Option<u32> {
    if let Some(number) = word.strip_prefix(PSEUDONYM_PREFIX) {
        return number.parse().ok();
    }
    let number = word
        .parse::<u32>()
        .ok()?
        .checked_sub(DIGIT_PSEUDONYM_BASE)?;
    (1..=MAX_RESUMED_NUMBER).contains(&number).then_some(number)
}

/// Every text that a request says.
pub(crate) fn request_texts(request: &RecordedRequest) -> HashSet<String> {
    let mut said: HashSet<String> = request
        .query
        .iter()
        .map(|(_, value)| value.clone())
        .collect();
    // An id in the path is a segment of it.
    said.extend(request.path.split('/').map(str::to_owned));
    match &request.body {
        RecordedBody::Json(value) => for_each_scalar(value, &mut |leaf| {
            said.insert(leaf.to_owned());
        }),
        RecordedBody::Form(pairs) => said.extend(pairs.iter().map(|(_, value)| value.clone())),
        RecordedBody::Multipart(parts) => said.extend(parts.iter().map(|part| part.text.clone())),
        RecordedBody::Text(text) => said.extend([text.clone()]),
        RecordedBody::None | RecordedBody::Hash(_) => {}
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonpath::JsonPath;
    use crate::method::Method;

    fn request(query: &[(&str, &str)]) -> RecordedRequest {
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        RecordedRequest {
            account: None,
            method: Method::Get,
            path: "/orders".to_owned(),
            query,
            headers: RecordedHeaders::default(),
            body: RecordedBody::None,
        }
    }

    fn answer(json: &str) -> RecordedResponse {
        let body = ResponseBody::Json(crate::value::parse(json.as_bytes()).unwrap());
        RecordedResponse {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    fn redact(
        hidden: &mut Redaction,
        json: &str,
        rules: &[RedactRule],
        request: &RecordedRequest,
    ) -> String {
        let rules: Vec<&RedactRule> = rules.iter().collect();
        match hidden
            .redact_response(answer(json), &rules, request, &mut Redactor::default())
            .unwrap()
            .body
        {
            ResponseBody::Json(value) => value.to_json(),
            _ => String::new(),
        }
    }

    fn path(text: &str) -> RedactRule {
        RedactRule::Path(JsonPath::parse(text).unwrap())
    }

    #[test]
    fn equal_values_stay_equal_and_keep_their_kind() {
        let rules = [
            path("$..['name', 'id', 'tel']"),
            RedactRule::Pattern(LazyRegex::new("[a-z]+@[a-z.]+").unwrap()),
        ];
        let mut hidden = Redaction::default();
        let json = r#"{"a":{"name":"홍길동","id":2580651,"tel":"010-1234-5678"},"b":{"name":"홍길동","id":"2580651"},"note":"to 홍길동, a@b.kr, 25806511","masked":{"name":"****"},"n":2}"#;
        let shown = r#"{"a":{"name":"redacted-1","id":900000002,"tel":"redacted-3"},"b":{"name":"redacted-1","id":"900000002"},"note":"to redacted-1, redacted-4, 25806511","masked":{"name":"****"},"n":2}"#;
        assert_eq!(redact(&mut hidden, json, &rules, &request(&[])), shown);
        assert_eq!(
            redact(&mut hidden, shown, &rules, &request(&[])),
            shown,
            "what is hidden stays as it is"
        );
        let later = hidden.redact_request(
            &request(&[("buyer", "2580651"), ("who", "홍길동")]),
            &mut Redactor::default(),
        );
        assert_eq!(later.query[0].1, "900000002");
        assert_eq!(later.query[1].1, "redacted-1");
    }

    #[test]
    fn a_real_value_that_is_spelled_like_a_pseudonym_is_replaced() {
        let shown = redact(
            &mut Redaction::default(),
            r#"{"tel":900000123,"name":"redacted-3","id":"홍길동"}"#,
            &[path("$['tel', 'name', 'id']")],
            &request(&[]),
        );
        assert_eq!(
            shown,
            r#"{"tel":900000001,"name":"redacted-2","id":"redacted-4"}"#
        );
    }

    #[test]
    fn a_pattern_finds_names_of_members() {
        let shown = redact(
            &mut Redaction::default(),
            r#"{"010-1234-5678":{"paid":true}}"#,
            &[RedactRule::Pattern(
                LazyRegex::new("01[0-9]-[0-9]{4}-[0-9]{4}").unwrap(),
            )],
            &request(&[]),
        );
        assert_eq!(shown, r#"{"redacted-1":{"paid":true}}"#);
    }

    #[test]
    fn a_pattern_that_matches_in_bytes_is_an_error() {
        let pattern = RedactRule::Pattern(LazyRegex::new("01[0-9]-[0-9]{4}-[0-9]{4}").unwrap());
        let bytes = |bytes: &[u8]| RecordedResponse {
            status: 200,
            headers: Vec::new(),
            body: ResponseBody::Bytes(bytes.to_vec()),
        };
        let redact = |answer| {
            let mut secrets = Redactor::default();
            Redaction::default().redact_response(answer, &[&pattern], &request(&[]), &mut secrets)
        };
        assert!(matches!(
            redact(bytes(b"\xff\x00 010-1234-5678")),
            Err(PersonalDataError::FoundInBytes)
        ));
        assert!(redact(bytes(b"\xff\x00 nobody")).is_ok());
    }

    #[test]
    fn what_the_request_says_itself_is_no_news() {
        let json = r#"{"name":"홍길동"}"#;
        assert_eq!(
            redact(
                &mut Redaction::default(),
                json,
                &[path("$.name")],
                &request(&[("name", "홍길동")])
            ),
            json
        );
    }

    #[test]
    fn a_short_value_is_hidden_where_a_rule_names_it_and_nowhere_else() {
        let shown = redact(
            &mut Redaction::default(),
            r#"{"code":"0","floor":"0"}"#,
            &[path("$.floor")],
            &request(&[]),
        );
        assert_eq!(shown, r#"{"code":"0","floor":"900000001"}"#);
    }
}
