//! Variations of the key: another credential, changed on its way from the settings, decoded, cut, put
//! together in another way. The texts of these claims name keys and never show them.

use super::catalogue::MistakeCode as M;
use super::query_text::percent_decoded;
use super::recipe::{Recipe, key_template};
use super::suspect::Surroundings;
use super::variation::Claim;
use crate::model::scheme::{KeyEncoding, SignOp, SignStep};
use crate::model::template::{Template, TemplatePart};
use crate::sign::{OperandSide, Recomputation, StepEdits};
use crate::span::Span;
use crate::value::Value;
use base64::Engine as _;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
};
use std::borrow::Cow;

/// A key that may have been used.
pub(super) struct KeyCandidate {
    /// `None` for the right one.
    pub(super) claim: Option<Claim>,
    /// Other mistakes that give the same key.
    pub(super) others: Vec<M>,
    /// The bytes of the step that signs; empty for a digest.
    pub(super) key: Vec<u8>,
    /// What stands in the text in the place of the secret.
    pub(super) secret: Vec<u8>,
}

impl KeyCandidate {
    /// The key of an operation that has one where the recipe has none.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.key.is_empty() {
            &self.secret
        } else {
            &self.key
        }
    }
}

/// The right key first, then the others by how often they are met.
pub(super) fn key_candidates(recipe: &Recipe<'_>, around: &Surroundings<'_>) -> Vec<KeyCandidate> {
    let mut all = KeyCandidates {
        recipe,
        found: Vec::new(),
    };
    all.found.extend(right_key(recipe));
    let main = main_key(recipe);
    if let Some((name, value)) = &main {
        all.add_others(name, value);
        all.add_coded(name, value);
        all.add_accounts(name, around);
        all.add_blanks(name, value);
        all.add_settings(name, value);
        all.add_placeholders(name);
        all.add_lengths(name, value);
    }
    all.add_composed();
    all.add_constants();
    all.found
}

fn right_key(recipe: &Recipe<'_>) -> Option<KeyCandidate> {
    let edits = StepEdits::default();
    let key = recipe
        .recomputation()
        .operand(recipe.signing, OperandSide::Key, &edits)
        .ok()??;
    Some(KeyCandidate {
        claim: None,
        others: Vec::new(),
        key,
        secret: recipe.right_secret().to_vec(),
    })
}

/// The secret that the key is made of, or that stands in the text.
pub(super) fn main_key(recipe: &Recipe<'_>) -> Option<(String, String)> {
    let secret = recipe
        .key_names
        .iter()
        .find(|name| recipe.is_secret(name) && name.starts_with("cred."));
    let any = secret.or_else(|| {
        recipe
            .key_names
            .iter()
            .find(|name| name.starts_with("cred."))
    });
    match any {
        Some(name) => Some((name.clone(), recipe.value(name)?)),
        None => recipe.text_secret.clone(),
    }
}

struct KeyCandidates<'r, 'a> {
    recipe: &'r Recipe<'a>,
    found: Vec<KeyCandidate>,
}

impl KeyCandidates<'_, '_> {
    /// The key with another text in the place of a credential.
    fn add_text(&mut self, claim: &Claim, name: &str, value: &str) {
        let recipe = self.recipe;
        let overrides = vec![(name.to_owned(), Value::from(value))];
        let run = Recomputation {
            overrides: &overrides,
            ..recipe.recomputation()
        };
        let edits = StepEdits::default();
        // A key that the step cannot read, such as one that is no hex, was not used so.
        let key = run
            .operand(recipe.signing, OperandSide::Key, &edits)
            .ok()
            .flatten();
        self.add(claim, name, key, Some(value.as_bytes()));
    }

    /// The key with other bytes in the place of a credential.
    fn add_bytes(&mut self, claim: &Claim, name: &str, value: &[u8]) {
        if let Ok(text) = std::str::from_utf8(value) {
            self.add_text(claim, name, text);
        }
        let key = self.rooted_key(name, value);
        self.add(claim, name, key.clone(), Some(value));
        // Bytes that were joined to a text as text.
        if let Cow::Owned(text) = String::from_utf8_lossy(value) {
            self.add(claim, name, key, Some(text.as_bytes()));
            self.add_text(claim, name, &text);
        }
    }

    fn add(&mut self, claim: &Claim, name: &str, key: Option<Vec<u8>>, secret: Option<&[u8]>) {
        let recipe = self.recipe;
        let right = self
            .found
            .first()
            .map(|right| right.key.clone())
            .unwrap_or_default();
        let is_text_secret = recipe
            .text_secret
            .as_ref()
            .is_some_and(|(known, _)| known == name);
        let secrets = match secret {
            // In the text as well as in the key, or in one of the two only.
            Some(secret) if is_text_secret => vec![secret.to_vec(), recipe.right_secret().to_vec()],
            _ => vec![recipe.right_secret().to_vec()],
        };
        let keys = match key {
            Some(key) if is_text_secret && key != right => vec![key, right.clone()],
            Some(key) => vec![key],
            None if is_text_secret => vec![right.clone()],
            None => return,
        };
        for key in keys {
            for secret in &secrets {
                self.add_one(claim, &key, secret);
            }
        }
    }

    fn add_one(&mut self, claim: &Claim, key: &[u8], secret: &[u8]) {
        let mut known = self.found.iter_mut();
        let known = known.find(|known| known.key == key && known.secret == secret);
        if let Some(known) = known {
            let is_named = |own: &Claim| own.code == claim.code;
            let is_right = known.claim.is_none();
            if !is_right
                && !known.claim.as_ref().is_some_and(is_named)
                && !known.others.contains(&claim.code)
            {
                known.others.push(claim.code);
            }
            return;
        }
        let is_right_key = self.found.first().is_some_and(|right| right.key == key);
        // The key is there, so it was not empty.
        let claim = if secret.is_empty() && is_right_key && !key.is_empty() {
            Claim::new(M::FIELDS_OF_TEXT, "the secret is missing from the text")
        } else {
            claim.clone()
        };
        self.found.push(KeyCandidate {
            claim: Some(claim),
            others: Vec::new(),
            key: key.to_vec(),
            secret: secret.to_vec(),
        });
    }

    /// The key of the step that signs, when these bytes stand where a credential stands.
    fn rooted_key(&self, name: &str, value: &[u8]) -> Option<Vec<u8>> {
        let recipe = self.recipe;
        let own = recipe.value(name)?;
        let Some(root) = root_step(recipe, name) else {
            // A key that is put together as text has the bytes of the credential in it.
            return replaced_once(&self.found.first()?.key, own.as_bytes(), value);
        };
        let right = recipe
            .recomputation()
            .operand(root, OperandSide::Key, &StepEdits::default())
            .ok()??;
        let bytes = replaced_once(&right, own.as_bytes(), value)?;
        with_root_key(recipe, root, &bytes)
    }

    fn add_others(&mut self, own: &str, value: &str) {
        let recipe = self.recipe;
        let mut others: Vec<(String, String)> = Vec::new();
        for (name, other) in recipe.account.credentials.iter() {
            if let Some(text) = other.expose().to_plain_text() {
                let root = if recipe.scheme.credential(name).is_some() {
                    "cred"
                } else {
                    "token"
                };
                others.push((format!("{root}.{name}"), text));
            }
        }
        for sent in &recipe.signed.sent {
            if sent.name.starts_with("token.") || sent.name.starts_with("cred.") {
                others.push((sent.name.clone(), sent.text.clone()));
            }
        }
        for (name, text) in others {
            if text != value && !text.is_empty() {
                let what = format!("`{name}` is used as the key instead of `{own}`");
                self.add_text(&Claim::new(M::OTHER_CREDENTIAL, what), own, &text);
            }
        }
    }

    fn add_coded(&mut self, name: &str, value: &str) {
        let claim = |how: &str| {
            Claim::new(
                M::KEY_CODING,
                format!("`{name}` is {how} before it is used as the key"),
            )
        };
        for (bytes, how) in [
            (hex::decode(value).ok(), "decoded from hex"),
            (BASE64_STANDARD.decode(value).ok(), "decoded from base64"),
            (
                BASE64_STANDARD_NO_PAD
                    .decode(value.trim_end_matches('='))
                    .ok(),
                "decoded from base64",
            ),
            (BASE64_URL_SAFE.decode(value).ok(), "decoded from base64url"),
            (
                BASE64_URL_SAFE_NO_PAD
                    .decode(value.trim_end_matches('='))
                    .ok(),
                "decoded from base64url",
            ),
        ] {
            if let Some(bytes) = bytes {
                self.add_bytes(&claim(how), name, &bytes);
            }
        }
        for (text, how) in [
            (BASE64_STANDARD.encode(value), "encoded as base64"),
            (hex::encode(value), "encoded as hex"),
            (value.to_lowercase(), "written in lower case"),
            (value.to_uppercase(), "written in upper case"),
            (BASE64_URL_SAFE_NO_PAD.encode(value), "encoded as base64url"),
        ] {
            self.add_text(&claim(how), name, &text);
        }
        self.add_undecoded(name);
        let own = self.recipe.operation().clone();
        if let SignOp::Hmac { .. } = own {
            for (bytes, how) in [
                (
                    crate::sign::digest_bytes(
                        crate::model::scheme::HashAlgorithm::Md5,
                        value.as_bytes(),
                    ),
                    "hashed with MD5",
                ),
                (
                    crate::sign::digest_bytes(
                        crate::model::scheme::HashAlgorithm::Sha256,
                        value.as_bytes(),
                    ),
                    "hashed with SHA-256",
                ),
            ] {
                self.add_bytes(&claim(how), name, &bytes);
            }
        }
    }

    /// A key that the recipe decodes, taken as text.
    fn add_undecoded(&mut self, name: &str) {
        let recipe = self.recipe;
        let Some(root) = root_step(recipe, name) else {
            return;
        };
        let encoding = match &recipe.steps[root].operation {
            SignOp::Hmac { key_encoding, .. } => *key_encoding,
            SignOp::Jwt(jwt) => jwt.key_encoding,
            _ => KeyEncoding::Utf8,
        };
        if encoding == KeyEncoding::Utf8 {
            return;
        }
        if let Some(value) = recipe.value(name) {
            let key = with_root_key(recipe, root, value.as_bytes());
            let what = format!("`{name}` is used as text, but it must be decoded");
            self.add(&Claim::new(M::KEY_CODING, what), name, key, None);
        }
    }

    fn add_accounts(&mut self, name: &str, around: &Surroundings<'_>) {
        let Some((root, member)) = name.split_once('.') else {
            return;
        };
        for account in around.accounts {
            if account.name == self.recipe.account.name {
                continue;
            }
            let value = account
                .credentials
                .get(member)
                .and_then(Value::to_plain_text);
            if let (Some(value), "cred" | "token") = (value, root) {
                let what = format!("`{name}` of `{}` is used as the key", account.name);
                self.add_text(&Claim::new(M::OTHER_ACCOUNT, what), name, &value);
            }
        }
    }

    fn add_blanks(&mut self, name: &str, value: &str) {
        for (before, after, what) in [
            ("", "\n", "a line feed is at the end of"),
            ("", "\r\n", "CR LF is at the end of"),
            ("", "\r", "a carriage return is at the end of"),
            ("", " ", "a space is at the end of"),
            (" ", "", "a space is before"),
            ("", "\t", "a tab is at the end of"),
            ("\t", "", "a tab is before"),
            ("\u{feff}", "", "a byte order mark is before"),
            ("", "\u{200b}", "a zero-width space is at the end of"),
            ("\u{200b}", "", "a zero-width space is before"),
            ("", "\u{a0}", "a no-break space is at the end of"),
            ("\u{a0}", "", "a no-break space is before"),
            ("", "\0", "a zero byte is at the end of"),
            (" ", " ", "spaces are around"),
        ] {
            let claim = Claim::new(M::KEY_BLANKS, format!("{what} `{name}`"));
            self.add_text(&claim, name, &format!("{before}{value}{after}"));
        }
        let claim = Claim::new(
            M::KEY_BLANKS,
            format!("the spaces at the ends of `{name}` are part of it, but were removed"),
        );
        self.add_text(&claim, name, value.trim());
    }

    fn add_settings(&mut self, name: &str, value: &str) {
        let claim = |how: &str| {
            Claim::new(
                M::KEY_SETTINGS,
                format!("`{name}` was changed on its way from the settings: {how}"),
            )
        };
        for (text, how) in eaten(value) {
            self.add_text(&claim(how), name, &text);
        }
    }

    fn add_placeholders(&mut self, name: &str) {
        let member = name.split_once('.').map_or(name, |(_, member)| member);
        let upper = member.to_uppercase();
        let mut words: Vec<String> = [
            "",
            "null",
            "undefined",
            "None",
            "nil",
            "NULL",
            "false",
            "0",
            "YOUR_SECRET_KEY",
            "your_secret_key",
            "YOUR_API_SECRET",
            "your-secret-key",
            "SECRET_KEY",
            "secret",
            "changeme",
            "xxx",
            "test",
            "[object Object]",
        ]
        .map(str::to_owned)
        .to_vec();
        for word in [member.to_owned(), upper.clone(), camel(member)] {
            words.extend([
                word.clone(),
                format!("${word}"),
                format!("${{{word}}}"),
                format!("{{{{{word}}}}}"),
                format!("{{{word}}}"),
                format!("<{word}>"),
                format!("%{word}%"),
                format!("process.env.{word}"),
                format!("YOUR_{word}"),
                format!("your_{word}"),
            ]);
        }
        for word in words {
            let what = if word.is_empty() {
                "the key is empty".to_owned()
            } else {
                format!("the placeholder `{word}` is used as the key")
            };
            self.add_text(&Claim::new(M::KEY_PLACEHOLDER, what), name, &word);
        }
    }

    fn add_lengths(&mut self, name: &str, value: &str) {
        let claim = |how: String| Claim::new(M::KEY_LENGTH, format!("`{name}` {how}"));
        for len in [16, 20, 24, 32, 40, 48, 64, 128] {
            if let Some(cut) = value.get(..len).filter(|_| len < value.len()) {
                self.add_text(&claim(format!("is truncated after {len} bytes")), name, cut);
            }
            if len > value.len() {
                let mut padded = value.as_bytes().to_vec();
                padded.resize(len, 0);
                self.add_bytes(
                    &claim(format!("is padded with zero bytes to {len}")),
                    name,
                    &padded,
                );
                padded.truncate(value.len());
                padded.resize(len, b'0');
                self.add_bytes(
                    &claim(format!("is padded with `0` to {len} bytes")),
                    name,
                    &padded,
                );
            }
        }
        let letters: Vec<char> = value.chars().collect();
        if letters.len() > 1 {
            let without_last: String = letters[..letters.len() - 1].iter().collect();
            let without_first: String = letters[1..].iter().collect();
            self.add_text(
                &claim("lacks its last character".to_owned()),
                name,
                &without_last,
            );
            self.add_text(
                &claim("lacks its first character".to_owned()),
                name,
                &without_first,
            );
        }
        self.add_text(&claim("appears twice".to_owned()), name, &value.repeat(2));
    }

    /// Each part of a key that is put together: gone, encoded or not, in another order.
    fn add_composed(&mut self) {
        let recipe = self.recipe;
        let key_steps = crate::sign::ingredients(recipe.steps, recipe.signing, OperandSide::Key);
        let composed = key_steps
            .unwrap_or_default()
            .into_iter()
            .chain([recipe.signing]);
        for index in composed {
            let own = &recipe.steps[index].operation;
            let template = match own {
                SignOp::Text(template) => Some(template),
                operation => key_template(operation),
            };
            if let Some(template) = template {
                self.add_key_template(index, template);
            }
            if let (true, SignOp::Hmac { input, .. }) = (index != recipe.signing, own) {
                self.add_derivation(index, input);
            }
        }
    }

    fn add_key_template(&mut self, index: usize, template: &Template) {
        let parts = &template.parts;
        let claim = |what: String| Claim::new(M::KEY_COMPOSITION, what);
        for (part, content) in parts.iter().enumerate().filter(|_| parts.len() > 1) {
            let what = match content {
                TemplatePart::Literal(text) => format!("`{text}` is missing in the key"),
                TemplatePart::Expression(expression) => {
                    format!("`{}` is missing in the key", expression.source)
                }
            };
            let mut changed = parts.clone();
            changed.remove(part);
            self.add_parts(&claim(what), index, changed);
        }
        for (part, content) in parts.iter().enumerate() {
            let TemplatePart::Expression(expression) = content else {
                continue;
            };
            if let Some(bare) = without_encoding(&expression.source) {
                let mut changed = parts.clone();
                changed[part] = bare;
                self.add_parts(
                    &claim("a part of the key is not percent-encoded".to_owned()),
                    index,
                    changed,
                );
            }
        }
        let all_bare: Vec<TemplatePart> = parts
            .iter()
            .map(|part| match part {
                TemplatePart::Expression(expression) => {
                    without_encoding(&expression.source).unwrap_or_else(|| part.clone())
                }
                TemplatePart::Literal(_) => part.clone(),
            })
            .collect();
        self.add_parts(
            &claim("the parts of the key are not percent-encoded".to_owned()),
            index,
            all_bare,
        );
        if parts.len() > 1 {
            let mut reversed = parts.clone();
            reversed.reverse();
            self.add_parts(
                &claim("the parts of the key are in another order".to_owned()),
                index,
                reversed,
            );
            let mut swapped = parts.clone();
            swapped.swap(0, 1);
            self.add_parts(
                &claim("the parts of the key are in another order".to_owned()),
                index,
                swapped,
            );
        } else if let [TemplatePart::Expression(_)] = parts.as_slice() {
            for (before, after, side) in [("", "&", "after"), ("&", "", "before")] {
                let literal = |text: &str| TemplatePart::Literal(text.to_owned());
                let changed = vec![literal(before), parts[0].clone(), literal(after)];
                self.add_parts(&claim(format!("a `&` is {side} the key")), index, changed);
            }
        }
    }

    fn add_parts(&mut self, claim: &Claim, index: usize, parts: Vec<TemplatePart>) {
        let mut steps = self.recipe.steps.to_vec();
        let parts = if parts.is_empty() {
            vec![TemplatePart::Literal(String::new())]
        } else {
            parts
        };
        match &mut steps[index].operation {
            SignOp::Text(template)
            | SignOp::Hmac { key: template, .. }
            | SignOp::Bcrypt { salt: template, .. } => template.parts = parts,
            _ => return,
        }
        self.add_steps(claim, &steps);
    }

    /// A step of a chain of keys left out: its key goes on as it is.
    fn add_derivation(&mut self, index: usize, input: &Template) {
        let recipe = self.recipe;
        let id = &recipe.steps[index].id;
        let shown = input.as_literal().map_or_else(
            || {
                input
                    .expressions()
                    .map(|expression| expression.source.clone())
                    .collect::<Vec<_>>()
                    .join(", ")
            },
            str::to_owned,
        );
        let claim = Claim::new(
            M::KEY_COMPOSITION,
            format!("the step `{id}` (`{shown}`) is missing in the key"),
        );
        let mut steps = recipe.steps.to_vec();
        let SignOp::Hmac {
            key, key_encoding, ..
        } = steps[index].operation.clone()
        else {
            return;
        };
        let encoding = match &recipe.steps[index].operation {
            SignOp::Hmac {
                output_encoding, ..
            } => *output_encoding,
            _ => return,
        };
        // Its result is read in the form of a result, so its key is handed on in that form.
        steps[index].operation = match key_encoding {
            KeyEncoding::Utf8 => SignOp::Encode {
                encoding,
                input: key,
            },
            _ => SignOp::Text(key),
        };
        self.add_steps(&claim, &steps);
        // The key of a chain handed on as hex text in place of its bytes.
        for other in index + 1..=recipe.signing {
            let mut steps = recipe.steps.to_vec();
            if let SignOp::Hmac {
                key, key_encoding, ..
            } = &mut steps[other].operation
                && *key_encoding == KeyEncoding::Hex
                && key.expressions().any(|expression| expression.source == *id)
            {
                *key_encoding = KeyEncoding::Utf8;
                let text = format!("the result of `{id}` is used as hex text in the key");
                self.add_steps(&Claim::new(M::KEY_COMPOSITION, text), &steps);
            }
        }
    }

    fn add_steps(&mut self, claim: &Claim, steps: &[SignStep]) {
        let recipe = self.recipe;
        let run = Recomputation {
            steps,
            ..recipe.recomputation()
        };
        let key = run
            .operand(recipe.signing, OperandSide::Key, &StepEdits::default())
            .ok()
            .flatten();
        self.add(claim, "", key, None);
    }

    /// Other values for what is no secret in the key: a region, a service.
    fn add_constants(&mut self) {
        let recipe = self.recipe;
        let names: Vec<String> = recipe
            .key_names
            .iter()
            .filter(|name| name.starts_with("cred.") && !recipe.is_secret(name))
            .cloned()
            .collect();
        for name in names {
            for value in constants(recipe, &name) {
                let what = format!("the key is made with `{value}` for `{name}`");
                self.add_text(&Claim::new(M::SCHEME_CONSTANT, what), &name, &value);
            }
        }
    }
}

/// Values that a setting of a scheme could have had: from its test keys and known answers, from the
/// labels of the host, and from the other settings.
pub(super) fn constants(recipe: &Recipe<'_>, name: &str) -> Vec<String> {
    let Some(member) = name.strip_prefix("cred.") else {
        return Vec::new();
    };
    let scheme = recipe.scheme;
    let mut values: Vec<String> = Vec::new();
    let own = recipe.value(name);
    let mut add = |value: Option<String>| {
        let other = value.filter(|value| Some(value) != own.as_ref() && !value.is_empty());
        if let Some(value) = other.filter(|value| !values.contains(value)) {
            values.push(value);
        }
    };
    let keys = scheme
        .sandbox
        .iter()
        .flat_map(|sandbox| &sandbox.test_credentials);
    for key in keys.filter(|key| key.name == member) {
        add(key.value.as_constant().and_then(Value::to_plain_text));
    }
    for vector in &scheme.vectors {
        let mut known = vector.credentials.iter();
        add(known
            .find(|(known, _)| known == member)
            .and_then(|(_, value)| value.to_plain_text()));
    }
    for label in recipe.signed.request.base.host().split('.') {
        add(Some(label.to_owned()));
    }
    // The scope of a signature, as it was sent.
    for sent in &recipe.signed.sent {
        if sent.text.contains('/') && sent.text.len() < 100 {
            sent.text
                .split('/')
                .for_each(|part| add(Some(part.to_owned())));
        }
    }
    add(own.as_deref().map(str::to_lowercase));
    add(own.as_deref().map(str::to_uppercase));
    values
}

fn replaced_once(text: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(text, from).filter(|_| !from.is_empty())?;
    Some([&text[..at], to, &text[at + from.len()..]].concat())
}

/// The first step with a key that looks at this credential.
fn root_step(recipe: &Recipe<'_>, name: &str) -> Option<usize> {
    let steps = crate::sign::ingredients(recipe.steps, recipe.signing, OperandSide::Key).ok()?;
    let mut steps = steps.into_iter().chain([recipe.signing]);
    steps.find(|index| {
        key_template(&recipe.steps[*index].operation).is_some_and(|key| {
            key.expressions()
                .any(|expression| expression.source == name)
        })
    })
}

/// The key of the step that signs when this is the key of the first step of its chain.
fn with_root_key(recipe: &Recipe<'_>, root: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    if root == recipe.signing {
        return Some(bytes.to_vec());
    }
    let mut steps = recipe.steps.to_vec();
    let SignOp::Hmac {
        key, key_encoding, ..
    } = &mut steps[root].operation
    else {
        return None;
    };
    *key = Template::parse(&hex::encode(bytes), Span::default(), None).ok()?;
    *key_encoding = KeyEncoding::Hex;
    let run = Recomputation {
        steps: &steps,
        ..recipe.recomputation()
    };
    run.operand(recipe.signing, OperandSide::Key, &StepEdits::default())
        .ok()?
}

fn without_encoding(source: &str) -> Option<TemplatePart> {
    let bare = source.replace("| rfc3986", "").replace("| formenc", "");
    if bare == source {
        return None;
    }
    let template = Template::parse(&format!("{{{{ {bare} }}}}"), Span::default(), None).ok()?;
    template.parts.into_iter().next()
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut out, word| {
        let mut letters = word.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out + letters.as_str()
    })
}

/// What shells, `.env` readers and compose files make of a value.
pub(super) fn eaten(value: &str) -> Vec<(String, &'static str)> {
    let mut out = vec![
        (
            without_variables(value, false),
            "`$name` was treated as a variable",
        ),
        (
            without_variables(value, true),
            "`$name` was treated as a variable",
        ),
        (value.replace("$$", "$"), "`$$` became `$`"),
        (value.replace('$', "$$"), "`$` became `$$`"),
        (format!("\"{value}\""), "its quotes were kept"),
        (format!("'{value}'"), "its quotes were kept"),
        (value.replace('+', " "), "`+` became a blank"),
        (
            value.replace('\\', ""),
            "backslashes were treated as escapes",
        ),
        (value.replace("\\n", "\n"), "`\\n` became a line feed"),
        (
            value
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;"),
            "it was escaped as HTML",
        ),
        (
            value
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#x27;"),
            "it was escaped as HTML",
        ),
        (
            value
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;"),
            "it was escaped as HTML",
        ),
        (value.replace("&amp;", "&"), "it was unescaped as HTML"),
        (value.to_owned() + ";", "a `;` was kept"),
        (value.replace('!', ""), "`!` was eaten"),
    ];
    if let Some(decoded) = percent_decoded(value) {
        out.push((decoded, "it was percent-decoded"));
    }
    out.push((
        super::query_text::Alphabet::Rfc3986.encode(value),
        "it was percent-encoded",
    ));
    for mark in [
        '#', '=', ' ', ',', ';', '$', '&', '"', '\'', '`', '@', ':', '/', '|',
    ] {
        if let Some((before, after)) = value.split_once(mark) {
            out.push((before.to_owned(), "it was truncated at a special character"));
            out.push((after.to_owned(), "it was truncated at a special character"));
        }
        if let Some((before, _)) = value.rsplit_once(mark) {
            out.push((before.to_owned(), "it was truncated at a special character"));
        }
    }
    out.retain(|(text, _)| text != value && !text.is_empty());
    out
}

/// Without `$name`, `${name}`; a shell takes one digit only.
fn without_variables(value: &str, digits_end: bool) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let len = if let Some(inside) = after.strip_prefix('{') {
            inside.find('}').map_or(0, |end| end + 2)
        } else if digits_end && after.starts_with(|letter: char| letter.is_ascii_digit()) {
            1
        } else {
            let word = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            word.unwrap_or(after.len())
        };
        if len == 0 {
            out.push('$');
        }
        rest = &after[len..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_eaten_as_shells_do() {
        assert_eq!(without_variables("$2a$04$abc.d", true), "a4.d");
        assert_eq!(without_variables("$2a$04$abc.d", false), ".d");
        assert_eq!(without_variables("a${b}c$", false), "ac$");
        assert_eq!(camel("secret_key"), "secretKey");
    }
}
