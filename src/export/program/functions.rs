//! The functions that ingam brings for programs, by the name of their sections in `runtime/`.

use super::operation::{Function, Kind};

macro_rules! functions {
    ($($constant:ident = $new:ident($name:literal, $kind:ident);)*) => {
        $(pub(super) const $constant: Function = Function::$new($name, Kind::$kind);)*
        /// Every one of them.
        #[cfg(test)]
        pub(super) const ALL: &[Function] = &[$($constant),*];
    };
}

functions! {
    // Values of the user.
    CREDENTIAL = new("credential", Text);
    OPTIONAL_CREDENTIAL = optional("optional_credential", Text);
    CREDENTIAL_OR = new("credential_or", Text);
    KEY_CREDENTIAL = new("key_credential", Text);
    TOKEN = new("token", Text);
    // Clock and chance.
    UNIX_MILLISECONDS = new("unix_milliseconds", Integer);
    SECONDS = new("seconds", Integer);
    TIME_TEXT = new("time_text", Text);
    NEW_UUID = new("new_uuid", Text);
    RANDOM_TEXT = new("random_text", Text);
    // Texts.
    DECIMAL = new("decimal", Text);
    OR_EMPTY = new("or_empty", Text);
    PRESENT = new("present", Text);
    FILLED = new("filled", Boolean);
    EQUAL = new("equal", Boolean);
    SLICE_FROM = new("slice_from", Text);
    SLICE_TO = new("slice_to", Text);
    RFC3986 = new("rfc3986", Text);
    FORM_ENCODED = new("form_encoded", Text);
    LOWER = new("lower", Text);
    UPPER = new("upper", Text);
    TRIMMED = new("trimmed", Text);
    REPLACED = new("replaced", Text);
    SPLIT = new("split", Texts);
    FIRST = new("first", Text);
    LAST = new("last", Text);
    LENGTH = new("length", Integer);
    JOIN = new("join", Text);
    // Pairs.
    ALSO = new("also", Pairs);
    DROP_NAMES = new("drop_names", Pairs);
    ONLY_NAMES = new("only_names", Pairs);
    NONEMPTY = new("nonempty", Pairs);
    BYTESORT = new("bytesort", Pairs);
    ENCODED = new("encoded", Pairs);
    FORM_ENCODED_PAIRS = new("form_encoded_pairs", Pairs);
    FOLDED = new("folded", Pairs);
    MERGED = new("merged", Pairs);
    NAMES = new("names", Texts);
    CONCAT = new("concat", Text);
    // Bytes.
    UTF8 = new("utf8", Bytes);
    JOINED_BYTES = new("joined_bytes", Bytes);
    FROM_HEX = new("from_hex", Bytes);
    FROM_BASE64 = new("from_base64", Bytes);
    FROM_BASE64URL = new("from_base64url", Bytes);
    TO_HEX = new("to_hex", Text);
    TO_HEX_UPPER = new("to_hex_upper", Text);
    TO_BASE64 = new("to_base64", Text);
    TO_BASE64URL = new("to_base64url", Text);
    // Signatures.
    HASH_BYTES = new("hash_bytes", Bytes);
    HMAC_BYTES = new("hmac_bytes", Bytes);
    BCRYPT_HASH = new("bcrypt_hash", Text);
    SIGN_RSA_PKCS1 = new("sign_rsa_pkcs1", Bytes);
    SIGN_RSA_PSS = new("sign_rsa_pss", Bytes);
    SIGN_ECDSA = new("sign_ecdsa", Bytes);
    SIGN_ED25519 = new("sign_ed25519", Bytes);
    // JSON.
    QUOTED = new("quoted", Text);
    QUOTED_OR_NULL = new("quoted_or_null", Text);
    NUMBER_OR_NULL = new("number_or_null", Text);
    WITH_TEXT_MEMBER = new("with_text_member", Members);
    WITH_JSON_MEMBER = new("with_json_member", Members);
    JSON_OBJECT = new("json_object", Text);
    MEMBER_PAIRS = new("member_pairs", Pairs);
    // The request.
    WITH_PAIR = new("with_pair", Pairs);
    WITH_HEADER = new("with_header", Pairs);
    WITH_DEFAULT_HEADER = new("with_default_header", Pairs);
    HEADER = new("header", Text);
    QUERY_TEXT = new("query_text", Text);
    FORM_TEXT = new("form_text", Text);
    WITH_PARAMETER = new("with_parameter", Text);
    WITH_PARAMETERS = new("with_parameters", Text);
    WITH_FIELD = new("with_field", Text);
    TARGET = new("target", Text);
}

/// The section that sends; no term calls it.
pub(super) const SEND: &str = "send";
/// The section that ends a program whose credentials are missing.
pub(super) const CHECK_CREDENTIALS: &str = "check_credentials";
