//! How a request is signed: levels, and the steps from a draft to the bytes that are sent.

use crate::model::expression::Expression;
use crate::model::request::{SpannedName, TemplateField};
use crate::model::template::Template;
use crate::span::Span;

use super::{HostChoice, RequestMatcher};

#[derive(Clone, Debug)]
pub struct LevelRule {
    pub matcher: RequestMatcher,
    /// A rule without one says only the host.
    pub level: Option<usize>,
    pub host: Option<HostChoice>,
    /// The levels that the marketplace takes, besides the one of the rule.
    pub accepted_levels: Vec<usize>,
}

/// A named variant of a scheme.
#[derive(Clone, Debug)]
pub struct Level {
    /// Empty for a scheme that has no levels.
    pub name: String,
    pub token: Option<SpannedName>,
    /// Where its calls go.
    pub host: HostChoice,
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
    /// A signature with a private key.
    Asymmetric {
        algorithm: AsymmetricAlgorithm,
        key: Template,
        input: Template,
        output_encoding: TextEncoding,
    },
    Jwt(JwtStep),
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
            Self::Asymmetric { algorithm, .. } => algorithm.name(),
            Self::Jwt(_) => "jwt",
            Self::Uuid => "uuid",
            Self::Random(_) => "random",
        }
    }

    /// Whether one text has many right results, so that two of them cannot be compared.
    #[must_use]
    pub fn has_many_results(&self) -> bool {
        match self {
            Self::Asymmetric { algorithm, .. } => algorithm.has_many_signatures(),
            Self::Jwt(jwt) => jwt.algorithm.has_many_signatures(),
            _ => false,
        }
    }

    /// The template whose text may hold bytes that are no text.
    #[must_use]
    pub fn input(&self) -> Option<&Template> {
        match self {
            Self::Text(input)
            | Self::Digest { input, .. }
            | Self::Hmac { input, .. }
            | Self::Asymmetric { input, .. }
            | Self::Encode { input, .. } => Some(input),
            Self::Bcrypt { .. } | Self::Jwt(_) | Self::Uuid | Self::Random(_) => None,
        }
    }

    /// Whether its result proves something. Texts, encoded texts and random values prove nothing.
    #[must_use]
    pub fn is_signature(&self) -> bool {
        !matches!(
            self,
            Self::Text(_) | Self::Encode { .. } | Self::Uuid | Self::Random(_)
        )
    }

    /// Every template in it.
    #[must_use]
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Text(template) => vec![template],
            Self::Digest { input: of, .. } | Self::Encode { input: of, .. } => vec![of],
            Self::Hmac { key, input: of, .. } | Self::Asymmetric { key, input: of, .. } => {
                vec![key, of]
            }
            Self::Bcrypt { password, salt } => vec![password, salt],
            Self::Jwt(jwt) => vec![&jwt.key],
            Self::Uuid | Self::Random(_) => Vec::new(),
        }
    }

    /// Every expression in it.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let templates = self.templates().into_iter();
        let mut expressions: Vec<_> = templates.flat_map(Template::expressions).collect();
        if let Self::Jwt(jwt) = self {
            let members = jwt.header.iter().chain(&jwt.claims);
            expressions.extend(members.flat_map(|field| field.value.expressions()));
        }
        expressions
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// How a private key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsymmetricAlgorithm {
    Rsa {
        hash: HashAlgorithm,
        padding: RsaPadding,
    },
    Ecdsa(EcdsaAlgorithm),
    Ed25519,
}

impl AsymmetricAlgorithm {
    /// The key that names it in a file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa { .. } => "rsa",
            Self::Ecdsa(_) => "ecdsa",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Whether one text has many signatures, so that two of them cannot be compared. ingam makes the
    /// same ECDSA signature each time; other programs do not.
    #[must_use]
    pub fn has_many_signatures(self) -> bool {
        match self {
            Self::Rsa { padding, .. } => padding == RsaPadding::Pss,
            Self::Ecdsa(_) => true,
            Self::Ed25519 => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding {
    /// RSASSA-PKCS1-v1_5
    Pkcs1,
    /// RSASSA-PSS, with MGF1 of the same hash and a salt of its length.
    Pss,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcdsaAlgorithm {
    pub curve: EllipticCurve,
    pub hash: HashAlgorithm,
    pub form: EcdsaForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EllipticCurve {
    P256,
    P384,
}

/// How the two numbers of an ECDSA signature become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaForm {
    /// A DER sequence, as OpenSSL and Java write it.
    Der,
    /// One behind the other (IEEE P1363), as JWT and RFC 9421 have it.
    Raw,
}

/// A JSON Web Token (RFC 7519).
#[derive(Clone, Debug)]
pub struct JwtStep {
    pub algorithm: JwtAlgorithm,
    pub key: Template,
    pub key_encoding: KeyEncoding,
    /// Members beside `alg`; null removes `typ`.
    pub header: Vec<TemplateField>,
    pub claims: Vec<TemplateField>,
}

/// A value of `alg` (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JwtAlgorithm {
    pub name: &'static str,
    pub signature: JwtSignature,
}

impl JwtAlgorithm {
    /// Whether two tokens that say the same differ as text.
    #[must_use]
    pub fn has_many_signatures(self) -> bool {
        match self.signature {
            JwtSignature::Hmac(_) => false,
            JwtSignature::Asymmetric(algorithm) => algorithm.has_many_signatures(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtSignature {
    Hmac(HashAlgorithm),
    Asymmetric(AsymmetricAlgorithm),
}

/// How the key text becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    Utf8,
    Hex,
    Base64,
    /// Without padding.
    Base64Url,
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
