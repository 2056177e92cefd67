//! How a request is signed: levels, and the steps from a draft to the bytes that are sent.

use crate::model::request::{SpannedName, TemplateField};
use crate::model::template::Template;
use crate::span::Span;

use super::RequestMatcher;

#[derive(Clone, Debug)]
pub struct LevelRule {
    pub matcher: RequestMatcher,
    pub level: usize,
}

/// A named variant of a scheme.
#[derive(Clone, Debug)]
pub struct Level {
    /// Empty for a scheme that has no levels.
    pub name: String,
    pub token: Option<SpannedName>,
    pub procedure: SigningProcedure,
}

/// The steps from a draft to a request, in this order: prepare, freeze, sign, attach.
#[derive(Clone, Debug, Default)]
pub struct SigningProcedure {
    pub vars: Vec<TemplateField>,
    pub prepare: FieldPlacement,
    pub sign: Vec<SignStep>,
    pub attach: FieldPlacement,
}

/// Fields that are added to each part of a request.
#[derive(Clone, Debug, Default)]
pub struct FieldPlacement {
    pub query: Vec<TemplateField>,
    pub headers: Vec<TemplateField>,
    pub form: Vec<TemplateField>,
    pub json: Vec<TemplateField>,
}

impl FieldPlacement {
    /// Every field with the name of the part that it goes to.
    pub fn fields(&self) -> impl Iterator<Item = (RequestPart, &TemplateField)> {
        let parts = [
            (RequestPart::Query, &self.query),
            (RequestPart::Header, &self.headers),
            (RequestPart::Form, &self.form),
            (RequestPart::Json, &self.json),
        ];
        parts
            .into_iter()
            .flat_map(|(part, fields)| fields.iter().map(move |field| (part, field)))
    }

    /// This one, and then `more`.
    #[must_use]
    pub fn merged_with(&self, more: &Self) -> Self {
        let join = |left: &[TemplateField], right: &[TemplateField]| {
            left.iter().chain(right).cloned().collect()
        };
        Self {
            query: join(&self.query, &more.query),
            headers: join(&self.headers, &more.headers),
            form: join(&self.form, &more.form),
            json: join(&self.json, &more.json),
        }
    }
}

/// A part of a request that a named value can stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestPart {
    Query,
    Header,
    Form,
    Json,
}

impl RequestPart {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Header => "header",
            Self::Form => "form",
            Self::Json => "json",
        }
    }
}

/// One step of a signature; it yields one text, known to later steps by `id`.
#[derive(Clone, Debug)]
pub struct SignStep {
    pub id: String,
    pub at: Span,
    pub operation: SignOp,
}

#[derive(Clone, Debug)]
pub enum SignOp {
    Text(Template),
    Digest {
        hash: HashAlgorithm,
        input: Template,
        output_encoding: TextEncoding,
    },
    Hmac {
        hash: HashAlgorithm,
        key: Template,
        key_encoding: KeyEncoding,
        input: Template,
        output_encoding: TextEncoding,
    },
    Bcrypt {
        password: Template,
        salt: Template,
    },
    Encode {
        encoding: TextEncoding,
        input: Template,
    },
    Jwt {
        key: Template,
        header: Vec<TemplateField>,
        claims: Vec<TemplateField>,
    },
    Uuid,
    /// So many letters and digits.
    Random(usize),
}

impl SignOp {
    /// The key that names it in a file.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Digest { .. } => "digest",
            Self::Hmac { .. } => "hmac",
            Self::Bcrypt { .. } => "bcrypt",
            Self::Encode { .. } => "encode",
            Self::Jwt { .. } => "jwt",
            Self::Uuid => "uuid",
            Self::Random(_) => "random",
        }
    }

    /// Every template in it.
    #[must_use]
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Text(template) => vec![template],
            Self::Digest { input: of, .. } | Self::Encode { input: of, .. } => vec![of],
            Self::Hmac { key, input: of, .. } => vec![key, of],
            Self::Bcrypt { password, salt } => vec![password, salt],
            Self::Jwt { key, .. } => vec![key],
            Self::Uuid | Self::Random(_) => Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// How the key text becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    Utf8,
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// `hex`
    HexLower,
    /// `HEX`
    HexUpper,
    Base64,
    /// Without padding.
    Base64Url,
}

/// A part of a request that a signature can cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoveredPart {
    Method,
    Path,
    Query,
    Body,
}

impl CoveredPart {
    pub const ALL: [Self; 4] = [Self::Method, Self::Path, Self::Query, Self::Body];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Path => "path",
            Self::Query => "query",
            Self::Body => "body",
        }
    }
}
