//! What is wrong with a key, in words that hold no byte of it.

/// Why a text is not the key that a step needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "is not a key: it must be PEM (`-----BEGIN PRIVATE KEY-----`), or the base64 of its DER"
    )]
    NotAKey,
    #[error("is incomplete PEM: it begins with `-----BEGIN`, but has no `-----END` line")]
    CutPem,
    #[error("is protected by a passphrase: remove it with `openssl pkey -in FILE`")]
    Encrypted,
    #[error("is in the format of OpenSSH: convert a copy with `ssh-keygen -p -m PKCS8 -f FILE`")]
    OpenSsh,
    #[error(
        "is a certificate: use its key; `openssl x509 -in FILE -pubkey -noout` prints the public key"
    )]
    Certificate,
    #[error("is a PEM block, but not a key")]
    OtherBlock,
    #[error("is a public key, but signing needs the private key")]
    IsPublic,
    #[error("is a private key: use only the public key; `openssl pkey -in FILE -pubout` prints it")]
    IsPrivate,
    #[error("cannot be decoded: its DER is damaged")]
    Damaged,
    #[error(
        "is for the algorithm {0}, but ingam signs only with RSA, ECDSA on P-256 and P-384, and Ed25519"
    )]
    OtherAlgorithm(String),
    #[error("has {0} bits, but an RSA key needs 1024 to 8192")]
    Size(usize),
    #[error("is not consistent: its private exponent does not match its modulus")]
    Inconsistent,
    #[error("is {is}, but this step needs {needed}")]
    OtherKind {
        is: &'static str,
        needed: &'static str,
    },
    #[error("has {bits} bits, too few for a signature with this hash")]
    TooShortForHash { bits: usize },
}
