//! The certificate authority of the sandbox: made once for its user, good for 30 days, and for no
//! other names than those that the sandbox plays.

use super::certificate_name::{CertificateName, RESERVED_DOMAINS, is_below};
use crate::secret::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const LIFETIME_MS: i64 = 30 * DAY_MS;
/// An authority that ends within this time is replaced, so that no test run outlives it.
const LEAST_LIFETIME_MS: i64 = DAY_MS;
/// Clocks of containers and phones differ from that of this machine.
const CLOCK_SKEW_MS: i64 = 60 * 60 * 1_000;
/// More certificates are made again for each connection.
const MAX_KEPT_CERTIFICATES: usize = 1_000;

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("a certificate cannot be created: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("a certificate cannot be used: {0}")]
    Tls(#[from] rustls::Error),
    /// Only the place: the text can hold a key.
    #[error("it cannot be read at line {}, column {}", .0.line(), .0.column())]
    Record(#[from] serde_json::Error),
    #[error("the time of this machine, {0} ms after 1970, is outside the range of certificates")]
    Clock(i64),
    #[error(transparent)]
    Random(#[from] crate::host::RandomError),
}

/// An authority as it is kept on the disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityRecord {
    /// Tells it apart from the authority before, which a client may still trust.
    name: String,
    /// The names below which it makes certificates, besides addresses of this machine.
    domains: Vec<String>,
    /// Unix milliseconds.
    ends_at_ms: i64,
    certificate_pem: String,
    #[serde(with = "crate::secret::exposed_for_sealing")]
    key_pem: Secret<String>,
}

impl AuthorityRecord {
    /// A new authority for the reserved domains and these.
    ///
    /// # Errors
    /// When no key can be made, or a domain is no DNS name.
    pub fn create(
        domains: impl IntoIterator<Item = String>,
        now_ms: i64,
        id: [u8; 16],
    ) -> Result<Self, AuthorityError> {
        let mut domains: Vec<String> = RESERVED_DOMAINS
            .iter()
            .map(|domain| (*domain).to_owned())
            .chain(domains)
            .collect();
        domains.sort();
        domains.dedup();
        let key = KeyPair::generate()?;
        let name = format!("ingam sandbox {}", hex::encode(&id[..4]));
        let mut params = authority_params(&name);
        params.serial_number = Some(serial_number(id));
        params.not_before = date_time_ymd(1970, 1, 1) + after_1970(now_ms - CLOCK_SKEW_MS)?;
        let ends_at_ms = now_ms + LIFETIME_MS;
        params.not_after = date_time_ymd(1970, 1, 1) + after_1970(ends_at_ms)?;
        params.name_constraints = Some(name_constraints(&domains));
        Ok(Self {
            name,
            domains,
            ends_at_ms,
            certificate_pem: params.self_signed(&key)?.pem(),
            key_pem: Secret::new(key.serialize_pem()),
        })
    }

    /// # Errors
    /// When it is no record of an authority.
    pub fn from_json(text: &str) -> Result<Self, AuthorityError> {
        Ok(serde_json::from_str(text)?)
    }

    /// # Errors
    /// None that is known of.
    pub fn to_json(&self) -> Result<Secret<String>, AuthorityError> {
        Ok(Secret::new(serde_json::to_string(self)?))
    }

    /// Whether it can be used for some time, and for all these domains.
    #[must_use]
    pub fn serves(&self, domains: &[String], now_ms: i64) -> bool {
        let is_permitted = |name: &String| self.domains.iter().any(|domain| is_below(name, domain));
        self.ends_at_ms - now_ms > LEAST_LIFETIME_MS && domains.iter().all(is_permitted)
    }

    #[must_use]
    pub fn domains(&self) -> &[String] {
        &self.domains
    }

    /// What clients must trust.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }
}

/// What a certificate says of its issuer, which is the same whenever it is made.
fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Positive, and of at most 20 bytes (RFC 5280, section 4.1.2.2).
fn serial_number(mut random: [u8; 16]) -> SerialNumber {
    random[0] = (random[0] & 0x3f) | 0x40;
    SerialNumber::from_slice(&random)
}

/// RFC 5280, section 4.2.1.10: a client refuses a certificate for any other name or address.
fn name_constraints(domains: &[String]) -> NameConstraints {
    let names = domains.iter().cloned().map(GeneralSubtree::DnsName);
    let addresses = [
        CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0]),
        CidrSubnet::V6(Ipv6Addr::LOCALHOST.octets(), [255; 16]),
    ];
    NameConstraints {
        permitted_subtrees: names
            .chain(addresses.map(GeneralSubtree::IpAddress))
            .collect(),
        excluded_subtrees: Vec::new(),
    }
}

/// For a time of a certificate, which is given as the time after the start of 1970.
fn after_1970(unix_ms: i64) -> Result<Duration, AuthorityError> {
    // The end of the year 9999, after which certificates have no times.
    const END_SECONDS: u64 = 253_402_300_799;
    u64::try_from(unix_ms)
        .map(|ms| ms / 1_000)
        .ok()
        .filter(|seconds| *seconds <= END_SECONDS)
        .map(Duration::from_secs)
        .ok_or(AuthorityError::Clock(unix_ms))
}

/// Makes a certificate for each name that a client asks for.
pub struct SandboxAuthority {
    issuer: Issuer<'static, KeyPair>,
    domains: Vec<String>,
    ends_at_ms: i64,
    clock_and_rng: crate::host::ClockAndRng,
    /// One key for all certificates of this process: it is in no file.
    server_key: KeyPair,
    signing_key: Arc<dyn SigningKey>,
    certificates: Mutex<HashMap<CertificateName, Arc<CertifiedKey>>>,
}

/// Without its keys.
impl std::fmt::Debug for SandboxAuthority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SandboxAuthority").finish_non_exhaustive()
    }
}

impl SandboxAuthority {
    /// # Errors
    /// When the key of the record cannot be read, or no other can be made.
    pub fn new(
        record: &AuthorityRecord,
        clock_and_rng: crate::host::ClockAndRng,
    ) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(record.key_pem.expose())?;
        let server_key = KeyPair::generate()?;
        let der = PrivatePkcs8KeyDer::from(server_key.serialize_der());
        let signing_key = rustls::crypto::ring::sign::any_ecdsa_type(&PrivateKeyDer::Pkcs8(der))?;
        Ok(Self {
            issuer: Issuer::new(authority_params(&record.name), key),
            domains: record.domains.clone(),
            ends_at_ms: record.ends_at_ms,
            clock_and_rng,
            server_key,
            signing_key,
            certificates: Mutex::default(),
        })
    }

    /// The certificate for a name; `None` for a name that no client would accept.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn certificate(
        &self,
        name: &CertificateName,
    ) -> Result<Option<Arc<CertifiedKey>>, AuthorityError> {
        if !name.is_permitted(&self.domains) {
            return Ok(None);
        }
        let mut kept = self
            .certificates
            .lock()
            // What is in the map is whole after each step.
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(certificate) = kept.get(name) {
            return Ok(Some(Arc::clone(certificate)));
        }
        let certificate = Arc::new(CertifiedKey::new(
            vec![self.sign(name)?],
            Arc::clone(&self.signing_key),
        ));
        if kept.len() < MAX_KEPT_CERTIFICATES {
            kept.insert(name.clone(), Arc::clone(&certificate));
        }
        Ok(Some(certificate))
    }

    fn sign(&self, name: &CertificateName) -> Result<CertificateDer<'static>, AuthorityError> {
        let now_ms = (self.clock_and_rng.clock)();
        let mut params = match name {
            CertificateName::Loopback => loopback_params()?,
            CertificateName::Dns(name) => {
                let mut params = CertificateParams::new(vec![name.clone()])?;
                params.distinguished_name = common_name(name);
                params
            }
        };
        params.serial_number = Some(serial_number((self.clock_and_rng.rng)()?));
        params.not_before = date_time_ymd(1970, 1, 1) + after_1970(now_ms - CLOCK_SKEW_MS)?;
        params.not_after = date_time_ymd(1970, 1, 1) + after_1970(self.ends_at_ms)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&self.server_key, &self.issuer)?;
        Ok(certificate.der().clone())
    }
}

/// A client that connects to an address names nothing: the certificate has all addresses of this
/// machine that it may be.
fn loopback_params() -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.distinguished_name = common_name("localhost");
    let addresses = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let addresses = addresses.into_iter().map(SanType::IpAddress);
    params.subject_alt_names.extend(addresses);
    Ok(params)
}
