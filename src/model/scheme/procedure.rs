//! What is done to a draft before it is sent: levels, what is prepared, signed and attached.

use crate::model::request::{Field, Named};
use crate::model::template::Template;
use crate::span::Span;

use super::Matcher;

#[derive(Clone, Debug)]
pub struct LevelRule {
    pub matcher: Matcher,
    pub level: usize,
}

/// A named variant of a scheme.
#[derive(Clone, Debug)]
pub struct Level {
    /// Empty for a scheme that has no levels.
    pub name: String,
    pub token: Option<Named>,
    pub procedure: Procedure,
}

/// What is done to a draft, in this order: prepare, freeze, sign, attach.
#[derive(Clone, Debug, Default)]
pub struct Procedure {
    pub vars: Vec<Field>,
    pub prepare: Placement,
    pub sign: Vec<SignStep>,
    pub attach: Placement,
}

/// What is put where.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    pub query: Vec<Field>,
    pub headers: Vec<Field>,
    pub form: Vec<Field>,
    pub json: Vec<Field>,
}

impl Placement {
    /// Every field with the name of the part that it goes to.
    pub fn all(&self) -> impl Iterator<Item = (Part, &Field)> {
        let parts =
            [(Part::Query, &self.query), (Part::Header, &self.headers), (Part::Form, &self.form), (Part::Json, &self.json)];
        parts.into_iter().flat_map(|(part, fields)| fields.iter().map(move |field| (part, field)))
    }

    /// This one, and then `more`.
    #[must_use]
    pub fn and(&self, more: &Self) -> Self {
        let join = |left: &[Field], right: &[Field]| left.iter().chain(right).cloned().collect();
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
pub enum Part {
    Query,
    Header,
    Form,
    Json,
}

impl Part {
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
    pub op: Op,
}

#[derive(Clone, Debug)]
pub enum Op {
    Text(Template),
    Digest {
        hash: Hash,
        of: Template,
        out: Encoding,
    },
    Hmac {
        hash: Hash,
        key: Template,
        key_as: KeyForm,
        of: Template,
        out: Encoding,
    },
    Bcrypt {
        password: Template,
        salt: Template,
    },
    Encode {
        encoding: Encoding,
        of: Template,
    },
    Jwt {
        key: Template,
        header: Vec<Field>,
        claims: Vec<Field>,
    },
    Uuid,
    /// So many letters and digits.
    Random(usize),
}

impl Op {
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
            Self::Digest { of, .. } | Self::Encode { of, .. } => vec![of],
            Self::Hmac { key, of, .. } => vec![key, of],
            Self::Bcrypt { password, salt } => vec![password, salt],
            Self::Jwt { key, .. } => vec![key],
            Self::Uuid | Self::Random(_) => Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// How the key text becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    Utf8,
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
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
pub enum Covered {
    Method,
    Path,
    Query,
    Body,
}

impl Covered {
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
