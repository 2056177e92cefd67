//! The sign steps.

use super::{Translator, bytes_of, call, f};
use crate::export::program::ProgramError;
use crate::export::program::operation::{Term, joined};
use crate::model::request::TemplateField;
use crate::model::scheme::{
    AsymmetricAlgorithm, EcdsaForm, EllipticCurve, HashAlgorithm, JwtSignature, JwtStep,
    KeyEncoding, RsaPadding, SignOp, SignStep, TextEncoding,
};
use crate::model::template::{Template, TemplateTreeKind};

impl Translator<'_> {
    pub(super) fn steps(&mut self) -> Result<(), ProgramError> {
        let steps = &self.source.level.procedure.sign;
        if !steps.is_empty() {
            self.comment("the signature, step by step");
        }
        for step in steps {
            self.place = format!("the step `{}`", step.id);
            let value = self.step(step)?;
            let value = self.set_once(format!("step_{}", step.id), value)?;
            self.name(&step.id, value);
        }
        Ok(())
    }

    fn step(&mut self, step: &SignStep) -> Result<Term, ProgramError> {
        Ok(match &step.operation {
            SignOp::Text(template) => self.template(template)?,
            SignOp::Digest {
                hash,
                input,
                output_encoding,
            } => {
                let hash = Term::text(hash_name(*hash));
                let bytes = self.bytes(input)?;
                encode(call(f::HASH_BYTES, [hash, bytes]), *output_encoding)
            }
            SignOp::Hmac {
                hash,
                key,
                key_encoding,
                input,
                output_encoding,
            } => {
                let key = self.key_bytes(key, *key_encoding)?;
                let parts = [Term::text(hash_name(*hash)), key, self.bytes(input)?];
                encode(call(f::HMAC_BYTES, parts), *output_encoding)
            }
            SignOp::Bcrypt { password, salt } => {
                let parts = [self.template(password)?, self.template(salt)?];
                call(f::BCRYPT_HASH, parts)
            }
            SignOp::Encode { encoding, input } => encode(self.bytes(input)?, *encoding),
            SignOp::Asymmetric {
                algorithm,
                key,
                input,
                output_encoding,
            } => {
                let (key, message) = (self.template(key)?, self.bytes(input)?);
                encode(asymmetric(*algorithm, key, message), *output_encoding)
            }
            SignOp::Jwt(jwt) => self.jwt(&step.id, jwt)?,
            SignOp::Uuid => call(f::NEW_UUID, []),
            SignOp::Random(len) => {
                let len = i64::try_from(*len).unwrap_or(i64::MAX);
                call(f::RANDOM_TEXT, [Term::Integer(len)])
            }
        })
    }

    fn bytes(&mut self, template: &Template) -> Result<Term, ProgramError> {
        self.template(template).map(bytes_of)
    }

    fn key_bytes(
        &mut self,
        template: &Template,
        encoding: KeyEncoding,
    ) -> Result<Term, ProgramError> {
        let key = self.template(template)?;
        Ok(match encoding {
            KeyEncoding::Utf8 => bytes_of(key),
            KeyEncoding::Hex => call(f::FROM_HEX, [key]),
            KeyEncoding::Base64 => call(f::FROM_BASE64, [key]),
            KeyEncoding::Base64Url => call(f::FROM_BASE64URL, [key]),
        })
    }

    /// RFC 7515, section 7.1: header, claims and signature with dots between.
    fn jwt(&mut self, id: &str, jwt: &JwtStep) -> Result<Term, ProgramError> {
        let header = self.jwt_header(jwt)?;
        let claims = self.members(&jwt.claims)?;
        let part = |members: Term| {
            let json = call(f::JSON_OBJECT, [members]);
            call(f::TO_BASE64URL, [call(f::UTF8, [json])])
        };
        let message = joined(vec![part(header), Term::text("."), part(claims)]);
        // Not `step_…`: another step can have any id.
        let message = self.set_once(format!("jwt_message_{id}"), message)?;
        let bytes = call(f::UTF8, [message.clone()]);
        let signature = match jwt.algorithm.signature {
            JwtSignature::Hmac(hash) => {
                let key = self.key_bytes(&jwt.key, jwt.key_encoding)?;
                call(f::HMAC_BYTES, [Term::text(hash_name(hash)), key, bytes])
            }
            JwtSignature::Asymmetric(algorithm) => {
                asymmetric(algorithm, self.template(&jwt.key)?, bytes)
            }
        };
        let signature = call(f::TO_BASE64URL, [signature]);
        Ok(joined(vec![message, Term::text("."), signature]))
    }

    /// `alg` and `typ` first, and in their places what the step says of them.
    fn jwt_header(&mut self, jwt: &JwtStep) -> Result<Term, ProgramError> {
        let literal = |text: &str| (Term::text(format!("\"{text}\"")), Term::text(text));
        let mut members: Vec<(String, Term, Term)> = Vec::new();
        for (name, value) in [("alg", jwt.algorithm.name), ("typ", "JWT")] {
            let (json, text) = literal(value);
            members.push((name.to_owned(), json, text));
        }
        let (own, more): (Vec<&TemplateField>, Vec<&TemplateField>) = jwt
            .header
            .iter()
            .partition(|field| field.name == "alg" || field.name == "typ");
        for field in own {
            let TemplateTreeKind::Constant(value) = &field.value.kind else {
                return Err(self.error(format!("a `{}` that is computed", field.name)));
            };
            members.retain(|(name, ..)| *name != field.name.as_str() || !value.is_null());
            for (name, json, text) in &mut members {
                if *name == field.name.as_str() {
                    *json = Term::text(value.to_json());
                    *text = Term::text(value.to_text());
                }
            }
        }
        let mut header = Term::Members(members);
        for field in more {
            header = self.with_member(header, field)?;
        }
        Ok(header)
    }

    fn members(&mut self, fields: &[TemplateField]) -> Result<Term, ProgramError> {
        let mut members = Term::Members(Vec::new());
        for field in fields {
            members = self.with_member(members, field)?;
        }
        Ok(members)
    }
}

/// As all three languages know it.
fn hash_name(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Md5 => "md5",
        HashAlgorithm::Sha1 => "sha1",
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
        HashAlgorithm::Sha512 => "sha512",
    }
}

fn encode(bytes: Term, encoding: TextEncoding) -> Term {
    let function = match encoding {
        TextEncoding::HexLower => f::TO_HEX,
        TextEncoding::HexUpper => f::TO_HEX_UPPER,
        TextEncoding::Base64 => f::TO_BASE64,
        TextEncoding::Base64Url => f::TO_BASE64URL,
    };
    call(function, [bytes])
}

fn asymmetric(algorithm: AsymmetricAlgorithm, key: Term, message: Term) -> Term {
    match algorithm {
        AsymmetricAlgorithm::Rsa { hash, padding } => {
            let function = match padding {
                RsaPadding::Pkcs1 => f::SIGN_RSA_PKCS1,
                RsaPadding::Pss => f::SIGN_RSA_PSS,
            };
            call(function, [Term::text(hash_name(hash)), key, message])
        }
        AsymmetricAlgorithm::Ecdsa(ecdsa) => {
            let curve = match ecdsa.curve {
                EllipticCurve::P256 => "P-256",
                EllipticCurve::P384 => "P-384",
            };
            let form = match ecdsa.form {
                EcdsaForm::Der => "der",
                EcdsaForm::Raw => "raw",
            };
            let words = [curve, hash_name(ecdsa.hash), form].map(Term::text);
            let [curve, hash, form] = words;
            call(f::SIGN_ECDSA, [curve, hash, form, key, message])
        }
        AsymmetricAlgorithm::Ed25519 => call(f::SIGN_ED25519, [key, message]),
    }
}
