//! What is wrong with a key, in words that hold no byte of it.

/// Why a text is not the key that a step needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "is not a key: it must be PEM (`-----BEGIN PRIVATE KEY-----`), or the base64 of its DER"
    )]
    NotAKey,
    #[error("is PEM that was cut off: it begins with `-----BEGIN` and has no `-----END` line")]
    CutPem,
    #[error("is protected by a passphrase: write it without one, with `openssl pkey -in FILE`")]
    Encrypted,
    #[error("is in the format of OpenSSH: convert a copy with `ssh-keygen -p -m PKCS8 -f FILE`")]
    OpenSsh,
    #[error(
        "is a certificate: take its key, with `openssl x509 -in FILE -pubkey -noout` for the public one"
    )]
    Certificate,
    #[error("is a PEM block of another kind than a key")]
    OtherBlock,
    #[error("is a public key, and signing needs the private one")]
    IsPublic,
    #[error("is a private key: give the public one only, with `openssl pkey -in FILE -pubout`")]
    IsPrivate,
    #[error("cannot be decoded: its DER is damaged")]
    Damaged,
    #[error(
        "is for the algorithm {0}, and ingam signs with RSA, ECDSA on P-256 and P-384, and Ed25519"
    )]
    OtherAlgorithm(String),
    #[error("has {0} bits, and an RSA key needs 1024 to 8192")]
    Size(usize),
    #[error("does not belong together: its private exponent does not fit its modulus")]
    Inconsistent,
    #[error("is {is}, and this step needs {needed}")]
    OtherKind {
        is: &'static str,
        needed: &'static str,
    },
    #[error("has {bits} bits, too few for a signature with this hash")]
    TooShortForHash { bits: usize },
}
