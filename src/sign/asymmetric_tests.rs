//! Keys in every form that programs write, published signatures, and what is refused.

use super::asymmetric::{sign, verify};
use super::asymmetric_key::{PrivateKey, key_fault};
use super::key_error::KeyError;
use crate::model::scheme::{
    AsymmetricAlgorithm, CredentialType, EcdsaAlgorithm, EcdsaForm, EllipticCurve, HashAlgorithm,
    RsaPadding,
};
use crate::value::{Value, parse};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// The known answers, which hold keys and signatures of RFC 9421 and of eBay.
fn known(id: &str) -> Value {
    let file = include_bytes!("../../tests/vectors/known-answers-west.json");
    let entries = parse(file).unwrap();
    let mut entries = entries.as_list().unwrap().iter();
    let entry = entries.find(|entry| entry.get("id").unwrap().as_str() == Some(id));
    entry.unwrap().clone()
}

fn text(value: &Value, path: &[&str]) -> String {
    let found = path.iter().fold(value.clone(), |value, name| {
        value.get(name).unwrap().clone()
    });
    found.as_str().unwrap().to_owned()
}

fn salt(len: usize) -> Vec<u8> {
    vec![7; len]
}

const P256: EcdsaAlgorithm = EcdsaAlgorithm {
    curve: EllipticCurve::P256,
    hash: HashAlgorithm::Sha256,
    form: EcdsaForm::Raw,
};
const P384: EcdsaAlgorithm = EcdsaAlgorithm {
    curve: EllipticCurve::P384,
    hash: HashAlgorithm::Sha384,
    form: EcdsaForm::Raw,
};

fn rsa(hash: HashAlgorithm, padding: RsaPadding) -> AsymmetricAlgorithm {
    AsymmetricAlgorithm::Rsa { hash, padding }
}

/// `openssl ecparam -name prime256v1 -genkey`, with the parameters that it writes before the key.
const P256_WITH_PARAMETERS: &str = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIKz6uwCHCsPdhp9mg3ar0IH7DQ/dBDi4T4W2DpjEVgaHoAoGCCqGSM49\nAwEHoUQDQgAEzon75cnTyxVM5we7J7Yf5J7WQg3+Qs+u5UW3j08TRXGZqsUIZytv\npQyPRuiMrRmyitpakrKWw5yQsOHjPv/skg==\n-----END EC PRIVATE KEY-----\n";
const P256_PKCS8: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrPq7AIcKw92Gn2aD\ndqvQgfsND90EOLhPhbYOmMRWBoehRANCAATOifvlydPLFUznB7snth/kntZCDf5C\nz67lRbePTxNFcZmqxQhnK2+lDI9G6IytGbKK2lqSspbDnJCw4eM+/+yS\n-----END PRIVATE KEY-----\n";
const P256_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzon75cnTyxVM5we7J7Yf5J7WQg3+\nQs+u5UW3j08TRXGZqsUIZytvpQyPRuiMrRmyitpakrKWw5yQsOHjPv/skg==\n-----END PUBLIC KEY-----\n";
const P384_DER_BASE64: &str = "MIGkAgEBBDDNbp3OwaGcTv7GSQMoiwqWAsCR7IDF7R4ei+4twklWKJJmhYeLbsAhwtssfvcS8KugBwYFK4EEACKhZANiAARyaeCENm5qtCUgCdmPsPgpE63nMabNgYx5itNWUMY7SvK8hhe5j8cgUUB7rQwJwlzpmlKUxk8mdWXrJnmRlRxDlPlAsWEddU+4Wbkuxr0EVgERkMCrw3lwXATvRZDJ7jA=";
const P521: &str = "-----BEGIN EC PRIVATE KEY-----\nMIHcAgEBBEIB9S2NLlzMDvAJE/jeZ+nR5pnZ2vO7AAq2ARhjc/ogP4SKaVuHX+i3\ngMdIpQOXRlE3jQMGLXeao7Gau0LhB/u4oPCgBwYFK4EEACOhgYkDgYYABACDwcoG\ntygHBqyjfwzbHw1tSgkevhsjVu9NH9UiYiV06E413aFN7LjMPf0kRDwgAQqHALaz\n7E475joKowkAkgg2/gD6nogIAuhgknpoXy5DCrulINqAUe96xyWs2rwI3aqUEAOl\n1PrI/zoupIHhFtumN/1hNre1wGhWYFUZW3nbHgw9Ng==\n-----END EC PRIVATE KEY-----\n";
const RSA_512: &str = "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEA8V+cIv32qOQjvt4T\no0FZEq752PYvha09w2p/7n3tuUTzUa4z9NjYEsxhbC6Q7ms2Bc2kJi1yH1jNv5s1\nUWGXTQIDAQABAkEAzdyklzeRIxSI5CYWC5wVcxjnIMM/XryVu9BeUjL3CJX9AaiQ\n9gvQZz6vrPuOOdc9zUQT6f3n7x2Y2Oz70TbRJQIhAPsBW29SLttFgZtRtyIM8W84\nSCPxOnaEnFTk62My4kDbAiEA9i0v+IwNsm1A2WxkjtRCnKaOJaVWyB7RHnTBNle8\nTPcCIEkePRdxlkqztaycIj/eC1q9x24I8GHkAXJNeTBde0EvAiEAjXwXEABeduf3\n135GpRg1WJcZJ2XJZKbhhWGREkyGeq0CIQCtAh5mAo189A9yUSTHWEGSdviMnGHL\nxn886GKlECmdBg==\n-----END PRIVATE KEY-----\n";
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhvHc/1TzF17wICCAAw\nDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECmLk+pB8Lepy5ujh3ezXTYEgZBu\n4vaDdWkWUdM8UegqAiZPtrAY8JcOJD3TqdVjByNRYQNKLWBYxWgwAQnvapnErc0M\nAiDCel9jKpFAp32qxeAOqVTfQcbzdilEECx34GmK+hz99E98yBnyqQbXVJy52NCd\nS0nnNkE1xSe4ggy7hKSLlW1C29RbQ7mdZCEfvi1RelnFGLppvgNz8omVQj3GKjk=\n-----END ENCRYPTED PRIVATE KEY-----\n";
const OPENSSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\nQyNTUxOQAAACAkRWHrhiGB+0JuIjdp10rqbGg1VhMOg8B07VwRdZNUgAAAAIjpzyv16c8r\n9QAAAAtzc2gtZWQyNTUxOQAAACAkRWHrhiGB+0JuIjdp10rqbGg1VhMOg8B07VwRdZNUgA\nAAAEDwTBm8ukINh9x8SvkPbNvHeDqv1zybKUBnmMYbHXrRsyRFYeuGIYH7Qm4iN2nXSups\naDVWEw6DwHTtXBF1k1SAAAAAAXgBAgME\n-----END OPENSSH PRIVATE KEY-----\n";

#[test]
fn a_key_is_read_in_every_form_that_programs_write() {
    let rsa = text(&known("kb-148"), &["expect", "pkcs8_pem"]);
    let one_line = rsa.replace('\n', "\\n");
    let without_breaks = rsa.replace('\n', "");
    let with_blanks = rsa.replace('\n', " ");
    let bare = rsa
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect::<String>();
    for key in [
        &*rsa,
        &*one_line,
        &*without_breaks,
        &*with_blanks,
        &*bare,
        &*text(&known("kb-153"), &["given", "pem"]),
        &*text(&known("kb-152"), &["given", "pem"]),
        &*text(&known("kb-151"), &["expect", "pkcs8_pem"]),
        &*text(&known("kb-100"), &["given", "private_key_pem"]),
        P256_WITH_PARAMETERS,
        P256_PKCS8,
        P384_DER_BASE64,
        "nWGxne_9WmC6hEr0kuwsxERJxXN7MmkZcDusAxyuf2A="
            .replace('_', "/")
            .as_str(),
    ] {
        assert_eq!(key_fault(key, CredentialType::PrivateKey), None, "{key}");
    }
    let as_public = |key| key_fault(key, CredentialType::PublicKey);
    assert_eq!(as_public(P256_PUBLIC), None);
    assert_eq!(as_public(P256_PKCS8), Some(KeyError::IsPrivate));
    // Taken for a private key, it would have signatures that everybody can make.
    let bare = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    assert_eq!(as_public(bare), Some(KeyError::NotAKey));
}

#[test]
fn a_key_that_cannot_be_used_says_why_without_a_byte_of_it() {
    let rsa = text(&known("kb-148"), &["expect", "pkcs8_pem"]);
    for (key, begin) in [
        (P256_PUBLIC, "is a public key"),
        (ENCRYPTED, "is protected by a passphrase"),
        (OPENSSH, "is in the format of OpenSSH"),
        (P521, "is for the algorithm 1.3.132.0.35"),
        (RSA_512, "has 512 bits"),
        (&rsa[..200], "is incomplete PEM"),
        (&rsa.replacen("MII", "MIJ", 1), "is not a key"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "is a certificate",
        ),
        (
            "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----",
            "is a PEM block, but not a key",
        ),
        ("a-plain-secret", "is not a key"),
        ("", "is not a key"),
    ] {
        let error = key_fault(key, CredentialType::PrivateKey)
            .unwrap()
            .to_string();
        assert!(error.starts_with(begin), "{begin}: {error}");
        for line in key
            .lines()
            .filter(|line| line.len() > 20 && !line.starts_with('-'))
        {
            assert!(!error.contains(line));
        }
    }
}

#[test]
fn ecdsa_is_deterministic() {
    // RFC 6979, A.2.5 and A.2.6, the message "sample".
    let p256 = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ";
    let p384 = "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBrnT2tLhuMHAWxmHW2ZZ9N4jw7Znvyl7qapHdAeHE32JbVck5McKgl+HLJ6mDS7fWhZANiAATsOk5BW04ZpFaGGAKfQn+l2pqLxK6S4C4GquUoazAMZN748OqQVYZgZKJUUVSAvBOAFdm3LX1XJE6o75rAxiGJZwilk2f537n1TKhLPxydsSiLIxw64NT+c0T9JTMmRyA=";
    let sha1 = EcdsaAlgorithm {
        hash: HashAlgorithm::Sha1,
        ..P256
    };
    for (algorithm, key, expected) in [
        (
            P256,
            p256,
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
        (
            sha1,
            p256,
            "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d326d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb",
        ),
        (
            P384,
            p384,
            "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
        ),
    ] {
        let algorithm = AsymmetricAlgorithm::Ecdsa(algorithm);
        let signature = sign(algorithm, key, b"sample", salt).unwrap();
        assert_eq!(hex::encode(&signature), expected);
        assert_eq!(verify(algorithm, key, b"sample", &signature), Ok(true));
        assert_eq!(verify(algorithm, key, b"sampl", &signature), Ok(false));
    }
}

#[test]
fn published_verdicts_are_ours() {
    let notification = AsymmetricAlgorithm::Ecdsa(EcdsaAlgorithm {
        hash: HashAlgorithm::Sha1,
        form: EcdsaForm::Der,
        ..P256
    });
    for id in ["kb-177", "kb-178", "kb-179"] {
        let entry = known(id);
        let signature = text(&entry, &["expect", "header_decoded", "signature"]);
        let signature = BASE64_STANDARD.decode(signature).unwrap();
        let (key, body) = (
            text(&entry, &["given", "public_key"]),
            text(&entry, &["given", "body"]),
        );
        let is_valid = verify(notification, &key, body.as_bytes(), &signature);
        let expected = entry.get("expect").unwrap().get("valid").unwrap() == &Value::Bool(true);
        assert_eq!(is_valid, Ok(expected), "{id}");
    }
    // RFC 9421, B.4: what the signature covers and what it does not.
    let key = text(&known("kb-151"), &["expect", "spki_pem"]);
    let signature = text(&known("kb-164"), &["expect", "signature"]);
    let signature = BASE64_STANDARD.decode(
        signature
            .trim_start_matches("transform=:")
            .trim_end_matches(':'),
    );
    let signature = signature.unwrap();
    let base = text(&known("kb-164"), &["expect", "signature_base"]);
    for (id, base, expected) in [
        (
            "kb-167",
            base.replace("GET", "POST")
                .replace("example.org", "example.com"),
            false,
        ),
        (
            "kb-168",
            base.replace("application/json, */*", "*/*, application/json"),
            false,
        ),
        // The added parameter and header are not covered.
        ("kb-169", base.clone(), true),
    ] {
        let is_valid = verify(
            AsymmetricAlgorithm::Ed25519,
            &key,
            base.as_bytes(),
            &signature,
        );
        assert_eq!(is_valid, Ok(expected), "{id}");
    }
    // RFC 8032, TEST 3: the message is no text.
    let entry = known("kb-147");
    let seed = hex::decode(text(&entry, &["given", "secret_hex"])).unwrap();
    let key = BASE64_STANDARD.encode(seed);
    let signature = sign(AsymmetricAlgorithm::Ed25519, &key, &[0xaf, 0x82], salt).unwrap();
    assert_eq!(
        hex::encode(signature),
        text(&entry, &["expect", "signature_hex"])
    );
}

/// ring verifies what we sign, with every hash and padding that it knows, and one changed bit of
/// text or signature is refused.
#[test]
fn ring_accepts_every_rsa_signature() {
    let long = text(&known("kb-152"), &["given", "pem"]);
    let short = text(&known("kb-100"), &["given", "private_key_pem"]);
    let hashes = [
        HashAlgorithm::Sha1,
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
    ];
    for padding in [RsaPadding::Pkcs1, RsaPadding::Pss] {
        for hash in hashes {
            let algorithm = rsa(hash, padding);
            let mut signature = sign(algorithm, &long, b"text", salt).unwrap();
            if padding == RsaPadding::Pss && hash == HashAlgorithm::Sha1 {
                continue;
            }
            assert_eq!(
                verify(algorithm, &long, b"text", &signature),
                Ok(true),
                "{algorithm:?}"
            );
            assert_eq!(verify(algorithm, &long, b"texu", &signature), Ok(false));
            signature[100] ^= 1;
            assert_eq!(verify(algorithm, &long, b"text", &signature), Ok(false));
        }
    }
    let algorithm = rsa(HashAlgorithm::Sha256, RsaPadding::Pkcs1);
    let signature = sign(algorithm, &short, b"text", salt).unwrap();
    assert_eq!(verify(algorithm, &short, b"text", &signature), Ok(true));
    // 1024 bits do not hold two SHA-512 digests.
    let pss = rsa(HashAlgorithm::Sha512, RsaPadding::Pss);
    assert_eq!(
        sign(pss, &short, b"text", salt),
        Err(KeyError::TooShortForHash { bits: 1024 })
    );
}

#[test]
fn a_key_of_another_algorithm_is_named() {
    let error = sign(AsymmetricAlgorithm::Ed25519, P256_PKCS8, b"", salt).unwrap_err();
    assert_eq!(
        error.to_string(),
        "is a key on the curve P-256, but this step needs an Ed25519 key"
    );
    let kind = PrivateKey::parse(P384_DER_BASE64).unwrap().kind();
    assert_eq!(kind, "a key on the curve P-384");
    let p384 = AsymmetricAlgorithm::Ecdsa(P384);
    assert!(sign(p384, P256_PKCS8, b"", salt).is_err());
    assert!(verify(p384, P256_PUBLIC, b"", b"").is_err());
}
