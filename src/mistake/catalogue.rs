//! The mistakes that people make with signatures, by how often they are met: 335 public threads and
//! pages were read for the order. One row each: code, sentence, way out.

/// A mistake of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MistakeCode(u8);

macro_rules! catalogue {
    ($($index:literal $name:ident $code:literal $what:literal => $way_out:literal;)*) => {
        impl MistakeCode {
            $(pub const $name: Self = Self($index);)*
        }

        /// Code, what was done, what to do; the most frequent first.
        const CATALOGUE: &[(&str, &str, &str)] = &[$(($code, $what, $way_out)),*];
    };
}

catalogue! {
    0 PARAMETERS_MISSING "Q6" "parameters are missing from the text that is signed" => "sign every parameter that is sent and that the scheme covers; add none after signing";
    1 BLANK_AS_PLUS "Q3" "a space is written as `+` on one side and as `%20` on the other" => "sign the bytes that are sent: encode once, then use the same text for both";
    2 OTHER_ALPHABET "Q4" "the text is encoded with a different alphabet" => "encode all but `A-Z a-z 0-9 - . _ ~` as `%XX` in upper case (RFC 3986), and sign the bytes that are sent";
    3 QUERY_IN_PATH "Q5" "the query is signed, but only the path must be signed" => "remove the query from the text";
    4 SIGNED_BEFORE_ENCODING "Q1" "the query is signed before percent-encoding, but sent after it" => "encode the query first, and sign the bytes that are sent";
    5 OTHER_CREDENTIAL "K1" "another credential is used as the key" => "use the credential that the scheme names as the key";
    6 KEY_CODING "K3" "the key is decoded or encoded before it is used" => "use the bytes of the key as the scheme says";
    7 ACCEPT_ENCODING "A2" "the signed `Accept-Encoding` differs from the one that arrived" => "do not sign `Accept-Encoding`, or keep proxies from changing it";
    8 EMPTY_VALUES "Q8" "empty values are treated differently" => "keep or remove empty values as the scheme says, in the text and in the request";
    9 CHARSET "B7" "the text is signed in another character encoding" => "sign the UTF-8 bytes that are sent";
    10 OTHER_ACCOUNT "K4" "the key belongs to another account, environment or time" => "use key and id of the same account and environment";
    11 SCHEME_CONSTANT "S1" "a constant of the signature, such as the region, differs" => "use the value that the marketplace gives for this host";
    12 OTHER_PATH "P1" "the signed path differs from the sent path" => "sign the path of the request line";
    13 PARAMETER_ORDER "Q7" "the parameters are in another order" => "sort the parameters as the scheme says, by bytes";
    14 PUSH_REWRITTEN "B6" "the body of the push was parsed and written again before its signature was checked" => "check the signature over the raw bytes, before anything parses the body";
    15 SIGNATURE_CODING "O6" "the signature is not percent-encoded in the address, or it is encoded twice" => "percent-encode the signature exactly once";
    16 CLOCK_OFF "T1" "the clock is off" => "set the clock of the machine (NTP), and take the time at the moment of sending";
    17 HEADER_CHANGED "A3" "a signed header was changed or added after signing" => "set every header before signing";
    18 BODY_TWICE "B1" "the body is serialised twice: the signed text differs from the sent text" => "serialise the body once, and sign and send the same bytes";
    19 OTHER_METHOD "M1" "the method that is signed is not the method that is sent" => "sign the method of the request line; some HTTP clients turn a GET with a body into a POST";
    20 HEX_AND_BASE64 "O1" "hex and base64 are exchanged" => "encode the signature as the scheme says";
    21 VALUE_SPELLING "Q13" "a value is formatted differently" => "format each value once, and use that text for signing and sending";
    22 SLASHES "P2b" "a slash is on one side only" => "sign the path as it is sent, with the same slashes";
    23 LOCAL_TIME "T2" "a local time is sent where UTC is expected" => "take the time in UTC";
    24 TIME_TWICE "T5" "the time was taken twice: the text and the request have different times" => "take the time once, and use it for the text and for the request";
    25 PROXY_HOST "A1" "a proxy changed the host" => "sign the host that arrives, or keep the proxy from changing `Host`";
    26 SIGNED_SET "Q9" "a parameter that does not belong to the text is signed, such as the token" => "remove the signature, and everything that the scheme excludes, from the text";
    27 PATH_CODING "P4" "the path is percent-encoded once too often or too little" => "sign the path as the request line has it";
    28 WRONG_PLACE "B4" "parameters are in the wrong part of the request" => "send each parameter in the part that the scheme names";
    29 KEY_AND_TEXT_SWAPPED "K5" "key and text are swapped" => "pass the key as the key and the text as the message";
    30 TIME_FORM "T4" "the time is written in another form" => "write the time as the scheme says, and the same text in both places";
    31 HEADER_NAME "A6" "a header has another name or form" => "write the header as the scheme says";
    32 OTHER_HASH "H1" "another hash is used" => "use the hash of the scheme";
    33 ENCODED_IN_TEXT "Q1b" "values are percent-encoded in the text only" => "sign the values as the scheme takes them: decoded";
    34 HOST_OR_ADDRESS "P3" "another host is signed, or the whole address instead of the path" => "sign the host that is called, and the part of the address that the scheme names";
    35 BODY_MISSING "B2" "the body is missing from the text" => "sign the body as it is sent";
    36 BODY_OF_NONE "B3" "a body is signed for a request that has none" => "sign an empty body for a request without one";
    37 SECRET_AS_SIGNATURE "K10" "a credential is sent instead of the signature" => "send the signature that is computed with the credential, and replace the credential: it has been on the wire";
    38 FIELDS_OF_TEXT "L4" "fields of the text are missing or in another order" => "compose the text as the scheme says";
    39 NOT_A_SIGNATURE "O7" "a different text is sent as the signature" => "send only the text of the signature";
    40 NOT_THE_SIGNATURE "V" "the signature is not the cause" => "check the host and the names";
    41 SEPARATORS "L3" "the separators of the text differ" => "join the fields with the separators of the scheme";
    42 BASE64_OF_HEX "O2" "base64 of the hex text instead of the bytes" => "encode the bytes of the digest, not their hex text";
    43 ENCODED_TWICE "Q2" "values are percent-encoded once more in the text" => "encode each value once";
    44 SIGNATURE_ABSENT "A5" "the signature does not arrive, or arrives twice" => "send exactly one signature in its place; a proxy may remove a header";
    45 PROTOCOL_OR_PORT "P3b" "protocol, port or case of the host differ" => "sign the address that is called: a redirect or a proxy may change it";
    46 KEY_HALVES "K9" "the wrong key of a key pair, or the key of someone else" => "sign with your private key; verify with the platform's public key";
    47 KEY_PLACEHOLDER "K0" "the key is empty or a placeholder" => "check that the setting with the key is read: print its length, not its value";
    48 LINE_FEEDS_ESCAPED "L1" "line feeds are written as a backslash and an n" => "use real line feeds (0x0A): a string in double quotes, in most languages";
    49 SECONDS_AND_MILLISECONDS "T3" "seconds and milliseconds are exchanged" => "use the unit of the scheme in both places";
    50 OLD_TIME "T6" "the time is old: it is constant, or from the start of the program" => "take the time for each request";
    51 QUERY_REWRITTEN "A7" "something between your program and the marketplace rewrites the query" => "sign the query as it arrives; check proxies and frameworks";
    52 FORM_AND_MULTIPART "B5" "form fields are signed for a multipart body, or the other way round" => "sign the fields that the scheme names for this kind of body";
    53 KEY_SETTINGS "K7" "the key was changed on its way from the settings" => "put the key in single quotes; `$`, `#` and `%` have a meaning in shells, `.env` and compose files";
    54 HASH_WITHOUT_HMAC "H2" "a hash is used without HMAC, or HMAC where a hash is expected" => "use the operation of the scheme";
    55 HEX_CASE "O3" "hex is written in the other case" => "write hex in the case of the scheme";
    56 HEX_OF_HEX "O4" "hex of the hex text instead of the bytes" => "encode the bytes of the digest once";
    57 REDIRECT "A4" "a redirect was followed" => "call the final address; the signature is for the first address";
    58 KEY_BLANKS "K2" "the key begins or ends with a space or a line end" => "trim the key when it is read";
    59 KEY_LENGTH "K6" "the key is truncated or padded" => "use the whole key; check fields and functions with a fixed length";
    60 KEY_COMPOSITION "K8" "the key is composed differently" => "compose the key as the scheme says";
    61 BASE64URL "O5" "base64url instead of base64, or other padding" => "use the alphabet and the padding of the scheme";
    62 OTHER_SORTING "Q7b" "the parameters are sorted differently" => "sort by bytes, as the scheme says: before or after encoding";
    63 LEVEL_OR_TOKEN "S2" "the request is signed at another level, or with another token" => "sign at the level of this call, with the token that is sent";
    64 OTHER_RECIPE "H3" "the signature is made for another version or a similar marketplace" => "use the signature of this marketplace and version";
    65 CARRIAGE_RETURNS "L2" "lines end with CR LF" => "end lines with LF only (0x0A)";
    66 METHOD_CASE "M2" "the method is written in lower case" => "write the method in upper case";
    67 BASE_PATH "P2" "the base path of the host is signed, or left out" => "sign the path that the scheme names: with or without the base path";
    68 QUERY_SEPARATORS "Q12" "a `?` or `&` is wrongly in the text, or missing from it" => "join path and query as the scheme says";
}

impl MistakeCode {
    /// All of them, the most frequent first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).zip(CATALOGUE).map(|(index, _)| Self(index))
    }

    /// `Q1`
    #[must_use]
    pub fn name(self) -> &'static str {
        CATALOGUE[usize::from(self.0)].0
    }

    /// What was done, as a sentence without a full stop.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        CATALOGUE[usize::from(self.0)].1
    }

    /// What to do.
    #[must_use]
    pub fn way_out(self) -> &'static str {
        CATALOGUE[usize::from(self.0)].2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_names_its_own_row() {
        assert_eq!(CATALOGUE.len(), 69);
        assert_eq!(MistakeCode::PARAMETERS_MISSING.name(), "Q6");
        assert_eq!(MistakeCode::OTHER_PATH.name(), "P1");
        assert_eq!(MistakeCode::HASH_WITHOUT_HMAC.name(), "H2");
        assert_eq!(MistakeCode::QUERY_SEPARATORS.name(), "Q12");
        assert_eq!(MistakeCode::OTHER_RECIPE.name(), "H3");
    }
}
