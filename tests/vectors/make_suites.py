"""Writes the vectors of published suites as schemes of `workspace/schemes`, from known-answers-west.json.

The formulas stand in the templates below, as a person would write them in YAML. The values are the published ones; no value is
computed here but the encoding of keys (JWK to PEM, by Python's cryptography), which the formulas do not touch.
Run it in this folder: python3 make_suites.py
"""

import base64
import json
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ENTRIES = {entry["id"]: entry for entry in json.load(open("known-answers-west.json"))}
COVERAGE = {}
FILES = {}

# RFC 9421, appendix B.1.3: the file names this key and does not hold it.
ECC_P256 = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA7oAoGCCqGSM49
AwEHoUQDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM
4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END EC PRIVATE KEY-----
"""


def text(value):
    return json.dumps(value, ensure_ascii=False)


def number(encoded):
    return int.from_bytes(base64.urlsafe_b64decode(encoded + "=="), "big")


def pem(jwk):
    if jwk["kty"] == "RSA":
        n = {name: number(jwk[name]) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")}
        public = rsa.RSAPublicNumbers(n["e"], n["n"])
        key = rsa.RSAPrivateNumbers(n["p"], n["q"], n["d"], n["dp"], n["dq"], n["qi"], public).private_key()
    else:
        key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(jwk["d"] + "=="))
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def rfc9421_key(name):
    # Those of RSA as the RFC prints them: PKCS#1, and PKCS#8 with the identifier of RSASSA-PSS.
    return {
        "test-key-rsa": ENTRIES["kb-153"]["given"]["pem"],
        "test-key-rsa-pss": ENTRIES["kb-152"]["given"]["pem"],
        "test-key-ed25519": ENTRIES["kb-151"]["expect"]["pkcs8_pem"],
        "test-key-ecc-p256": ECC_P256,
    }[name]


def instant(seconds):
    import datetime

    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def amz_instant(clock):
    return f"{clock[:4]}-{clock[4:6]}-{clock[6:11]}:{clock[11:13]}:{clock[13:15]}Z"


def vector(scheme, source, cred, request, expect, clock="2020-01-01T00:00:00Z", steps=None, token=None):
    lines = [f"  - source: {text(source)}", "    given:", "      cred:"]
    lines += [f"        {name}: {text(value)}" for name, value in cred.items()]
    if steps:
        lines += ["      steps:"] + [f"        {name}: {text(value)}" for name, value in steps.items()]
    lines += [f"      clock: {text(clock)}", "      request:"]
    lines += [f"        {line}" for line in request]
    lines += ["    expect:"] + [f"      {name}: {text(value)}" for name, value in expect.items()]
    FILES[scheme].append("\n".join(lines) + "\n")


def covered(key, scheme, source, but=None):
    entry = {"scheme": scheme, "source": source}
    if but:
        entry["but"] = but
    COVERAGE.setdefault(key, []).append(entry)


def not_covered(key, reason):
    COVERAGE[key] = [{"not": reason}]


def scheme(name, head):
    FILES[name] = [f"# Made by make_suites.py.\n{head.strip()}\n\nvectors:\n"]


# Signatures over a text that is given.
def text_scheme(name, step, key="key: { secret: true }"):
    scheme(
        name,
        f"""
scheme: {name}
credentials:
  message: {{}}
  {key}
  label: {{ default: "" }}
hosts: {{ live: "https://host.invalid" }}
sign:
  - {{ id: message, text: "{{{{ cred.message }}}}" }}
  - {{ id: signature, {step}, key: "{{{{ cred.key }}}}", of: "{{{{ message }}}}" }}
  - {{ id: compact, text: "{{{{ message }}}}.{{{{ signature }}}}" }}
  - {{ id: field, text: "{{{{ cred.label }}}}=:{{{{ signature }}}}:" }}
covers: []
""",
    )


KEY = "key: { type: private_key }"
text_scheme("text-rsa-sha1", "rsa: sha1, encoding: base64", KEY)
text_scheme("text-rsa-sha256", "rsa: sha256, encoding: base64", KEY)
text_scheme("text-rsa-sha512", "rsa: sha512, padding: pkcs1, encoding: base64", KEY)
text_scheme("text-rsa-pss-sha512", "rsa: sha512, padding: pss, encoding: base64", KEY)
text_scheme("text-ecdsa-p256", "ecdsa: p256, form: raw, encoding: base64", KEY)
text_scheme("text-ed25519", "ed25519: pure, encoding: base64", KEY)
text_scheme("text-ed25519-hex", "ed25519: pure, encoding: hex", KEY)
text_scheme("text-rs256", "rsa: sha256, encoding: base64url", KEY)
text_scheme("text-ps384", "rsa: sha384, padding: pss, encoding: base64url", KEY)
text_scheme("text-hs256", "hmac: sha256, key_encoding: base64url, encoding: base64url")
scheme(
    "text-sha256",
    """
scheme: text-sha256
credentials: { message: {} }
hosts: { live: "https://host.invalid" }
sign:
  - { id: message, text: "{{ cred.message }}" }
  - { id: hex, digest: sha256, of: "{{ message }}", encoding: hex }
  - { id: base64url, digest: sha256, of: "{{ message }}", encoding: base64url }
  - { id: sha256, digest: sha256, of: "{{ message }}", encoding: base64 }
  - { id: sha512, digest: sha512, of: "{{ message }}", encoding: base64 }
  - { id: field256, text: "sha-256=:{{ sha256 }}:" }
  - { id: field512, text: "sha-512=:{{ sha512 }}:" }
covers: []
""",
)
GET = ["get: /"]

for key, entry in ENTRIES.items():
    given, expect, source = entry["given"], entry["expect"], f'{entry["source"]}, {entry["what"]}'
    kind = entry["marketplace"]
    if kind == "rfc9421" and "signature_base" in expect:
        name = {
            "rsa-v1_5-sha256": "text-rsa-sha256",
            "rsa-pss-sha512 (MGF1 SHA-512, salt 64)": "text-rsa-pss-sha512",
            "ecdsa-p256-sha256 (r||s, 64 bytes)": "text-ecdsa-p256",
            "ed25519": "text-ed25519",
        }[given["alg"]]
        source = f"{source} ({key})"
        signature = expect["signature"].split("=:", 1)[1][:-1]
        cred = {"message": expect["signature_base"], "key": rfc9421_key(given["keyid"]), "label": given["label"]}
        vector(name, source, cred, GET, {"message": cred["message"], "signature": signature, "field": expect["signature"]})
        covered(key, name, source, {"signature_input": "is a part of the base, which is whole"})
    elif key in ("kb-148", "kb-149", "kb-151"):
        not_covered(key, "is a key in two forms, with which the signatures of this file are made")
    elif key in ("kb-152", "kb-153"):
        not_covered(key, "is a key as it is printed, with which the signatures of this file are made")
    elif key in ("kb-167", "kb-168", "kb-169"):
        not_covered(key, "says whether a verifier accepts a message: `published_verdicts_are_ours` in src/sign/asymmetric_tests.rs")
    elif kind == "jws" and key in ("kb-133", "kb-134", "kb-138", "kb-139", "kb-142", "kb-202", "kb-203"):
        jwk = given["jwk"]
        name = {"RS256": "text-rs256", "PS384": "text-ps384"}.get(given.get("alg"), "text-hs256")
        cred = {"key": jwk["k"] if jwk["kty"] == "oct" else pem(jwk)}
        message = expect.get("signing_input") or expect["compact"].rpartition(".")[0]
        signature = expect.get("signature") or expect["compact"].rpartition(".")[2]
        source = f"{source} ({key})"
        whole = {"message": message, "signature": signature, "compact": f"{message}.{signature}"}
        vector(name, source, {"message": message, **cred}, GET, whole)
        but = {"compact": "is the signing input without its payload"} if key == "kb-142" else None
        covered(key, name, source, but)
    elif key == "kb-137":
        not_covered(key, "is a token without a signature: `jwt` has no `none`")
    elif key == "kb-144":
        message = json.dumps(given["jwk"], separators=(",", ":"))
        vector("text-sha256", source, {"message": message}, GET, {"base64url": expect["thumbprint"]})
        covered(key, "text-sha256", source)
    elif key == "kb-145":
        seed = base64.b64encode(bytes.fromhex(given["secret_hex"])).decode()
        cred = {"message": "", "key": seed}
        vector("text-ed25519-hex", source, cred, GET, {"signature": expect["signature_hex"]})
        covered(key, "text-ed25519-hex", source, {"public_hex": "is the public half of the key"})
    elif key == "kb-147":
        not_covered(key, "signs a byte that is no text: `published_verdicts_are_ours` in src/sign/asymmetric_tests.rs")
    elif key == "kb-114":
        vector("text-sha256", source, {"message": expect["code_verifier"]}, GET,
               {"message": expect["code_verifier"], "hex": expect["sha256_hex"]})
        covered(key, "text-sha256", source)
    elif key == "kb-115":
        not_covered(key, "encodes bytes that are no text")
    elif key in ("kb-100", "kb-102"):
        name = "text-rsa-sha1" if key == "kb-100" else "text-rsa-sha512"
        cred = {"message": given["base_string"], "key": given["private_key_pem"]}
        vector(name, source, cred, GET, {"signature": expect["signature"]})
        covered(key, name, source)
    elif key in ("kb-174", "kb-175"):
        name = "field256" if key == "kb-174" else "field512"
        vector("text-sha256", source, {"message": given["body"]}, GET, {name: expect["content-digest"]})
        covered(key, "text-sha256", source)
    elif key in ("kb-180", "kb-211"):
        message = given["challenge_code"] + given["verification_token"] + given["endpoint"]
        vector("text-sha256", source, {"message": message}, GET, {"hex": expect["challengeResponse"]})
        covered(key, "text-sha256", source)
    elif key in ("kb-177", "kb-178", "kb-179"):
        not_covered(key, "is verified with the public key alone: `published_verdicts_are_ours` in src/sign/asymmetric_tests.rs")
    elif key == "kb-200":
        cred = {"message": expect["string_to_sign"], "key": rfc9421_key("test-key-rsa")}
        vector("text-rsa-sha256", source, cred, GET, {"message": cred["message"], "signature": expect["WM_SEC.AUTH_SIGNATURE"]})
        covered(key, "text-rsa-sha256", source)
    elif key == "kb-199":
        not_covered(key, "is a push, which this part does not sign")

# OAuth 1.0a (RFC 5849). The origin is a value, since the examples are of plain http.
scheme(
    "oauth1-http",
    """
scheme: oauth1-http
credentials:
  origin: { description: "scheme and host of the address that is signed" }
  consumer_key: {}
  consumer_secret: { secret: true }
  token: { default: null }
  token_secret: { secret: true, default: null }
  verifier: { default: null }
  version: { default: null }
  method: { default: HMAC-SHA1 }
  nonce: { default: null }
  time: { default: null, description: "oauth_timestamp, where the example has one of 1974 or none" }
hosts: { live: "https://host.invalid" }
sign:
  - id: parameters
    text: >-
      {{ req.query_pairs | also(req.form_pairs) | also([
        ['oauth_consumer_key', cred.consumer_key], ['oauth_nonce', cred.nonce or ''], ['oauth_signature_method', cred.method],
        ['oauth_timestamp', cred.time or ''], ['oauth_token', cred.token or ''], ['oauth_verifier', cred.verifier or ''],
        ['oauth_version', cred.version or '']] | nonempty)
      | encoded | bytesort | concat('=', '&') }}
  - { id: base_uri, text: "{{ cred.origin }}{{ req.path or '/' }}" }
  - { id: message, text: "{{ req.method }}&{{ base_uri | rfc3986 }}&{{ parameters | rfc3986 }}" }
  - { id: key, text: "{{ cred.consumer_secret | rfc3986 }}&{{ (cred.token_secret or '') | rfc3986 }}" }
  - { id: signature, hmac: sha1, key: "{{ key }}", of: "{{ message }}", encoding: base64 }
covers: []
""",
)


def oauth1(key, request, cred, expect):
    entry = ENTRIES[key]
    source = f'{entry["source"]}, {entry["what"]} ({key})'
    vector("oauth1-http", source, {"consumer_secret": "not-published", **cred}, request, expect)
    covered(key, "oauth1-http", source)


given = ENTRIES["kb-098"]["given"]
names = {"oauth_consumer_key": "consumer_key", "oauth_token": "token", "oauth_signature_method": "method",
         "oauth_timestamp": "time", "oauth_nonce": "nonce", "oauth_verifier": "verifier", "oauth_version": "version"}
expect = ENTRIES["kb-098"]["expect"]
oauth1(
    "kb-098",
    [f'post: {text("/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b")}', "form: { c2: \"\", a3: \"2 q\" }"],
    {"origin": "http://example.com", **{names[k]: v for k, v in given["oauth"].items()},
     "consumer_secret": ENTRIES["kb-099"]["given"]["consumer_secret"], "token_secret": ENTRIES["kb-099"]["given"]["token_secret"]},
    {"parameters": expect["normalized_parameters"], "message": expect["base_string"],
     "signature": ENTRIES["kb-099"]["expect"]["signature"]},
)
COVERAGE["kb-099"] = COVERAGE["kb-098"]
for key in ("kb-111", "kb-112", "kb-113"):
    given, expect = ENTRIES[key]["given"], ENTRIES[key]["expect"]
    origin, _, target = given["url"].partition("://")
    host, _, target = target.partition("/")
    params = dict(given["params"])
    request = [f'{given["method"].lower()}: {text("/" + target)}']
    if "status" in params:
        request.append(f'form: {{ status: {text(params.pop("status"))} }}')
    cred = {"origin": f"{origin}://{host}", **{names[k]: v for k, v in params.items()},
            "consumer_secret": given["consumer_secret"], "token_secret": given["token_secret"]}
    oauth1(key, request, cred, {"message": expect["base_string"], "signature": expect["signature"]})
for key in ("kb-103", "kb-107"):
    not_covered(key, "is an address with capitals or the port of its protocol: a host of a scheme has neither")
not_covered("kb-108", "is an address with the port of its protocol: a host of a scheme has none")
not_covered("kb-109", "is an address with a fragment, which no request has")
for key, origin, path in (("kb-104", "https://www.example.net:8080", "/?q=1"), ("kb-106", "https://[123:db8:fd00:1000::5]:13000", "/")):
    oauth1(key, [f"get: {text(path)}"], {"origin": origin, "consumer_key": "not-published"},
           {"base_uri": ENTRIES[key]["expect"]["base_string_uri"]})

# AWS Signature Version 4: as the signers of the suite, which encode a path once.
AWS_KEYS = """
  - { id: day_key, hmac: sha256, key: "AWS4{{ cred.secret_key }}", of: "{{ ts[:8] }}", encoding: hex }
  - { id: region_key, hmac: sha256, key: "{{ day_key }}", key_encoding: hex, of: "{{ cred.region }}", encoding: hex }
  - { id: service_key, hmac: sha256, key: "{{ region_key }}", key_encoding: hex, of: "{{ cred.service }}", encoding: hex }
  - { id: signing_key, hmac: sha256, key: "{{ service_key }}", key_encoding: hex, of: aws4_request, encoding: hex }
"""
AWS = """
scheme: NAME
credentials:
  access_key: {}
  secret_key: { secret: true }
  region: { default: us-east-1 }
  service: { default: service }
  session_token: { secret: true, default: null }
  expires: { default: null }
hosts: { live: "https://HOST" }
clock: { format: "%Y%m%dT%H%M%SZ", zone: UTC }
levels:
  header:
    vars: { is_link: false, normalized: true, hashes_header: false }
    prepare: &dated { headers: { X-Amz-Date: "{{ ts }}", X-Amz-Security-Token: "{{ cred.session_token }}" } }
  header_raw: { prepare: *dated, vars: { is_link: false, normalized: false, hashes_header: false } }
  header_hash: { prepare: *dated, vars: { is_link: false, normalized: false, hashes_header: true } }
  link: &link
    vars: { is_link: true, normalized: true, hashes_header: false, signed: "SIGNED" }
  link_raw: { vars: { is_link: true, normalized: false, hashes_header: false, signed: "SIGNED" } }
default_level: header
sign:
  - { id: area, text: "{{ ts[:8] }}/{{ cred.region }}/{{ cred.service }}/aws4_request" }
  - { id: payload, digest: sha256, of: "{{ req.body_bytes }}", encoding: hex }
  - id: signed_headers
    text: >-
      {{ req.header_pairs | also([['host', req.host]])
      | also([['x-amz-content-sha256', payload]] if vars.hashes_header else [])
      | merged(',') | bytesort | names | join(';') }}
  - id: header_lines
    text: >-
      {{ req.header_pairs | also([['host', req.host]])
      | also([['x-amz-content-sha256', payload]] if vars.hashes_header else [])
      | folded | merged(',') | bytesort | concat(':', '\\n') }}
  - id: query
    text: >-
      {{ req.query_pairs | also([
        ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'], ['X-Amz-Credential', cred.access_key ~ '/' ~ area], ['X-Amz-Date', ts],
        ['X-Amz-Expires', cred.expires or ''], ['X-Amz-Security-Token', cred.session_token or ''],
        ['X-Amz-SignedHeaders', signed_headers]] | nonempty if vars.is_link else [])
      | encoded | bytesort | concat('=', '&') }}
  - { id: path, text: "{{ (req.path | normalized if vars.normalized else req.path) | replace('$', '%24') }}" }
  - id: canonical
    text: "{{ req.method }}\\n{{ path }}\\n{{ query }}\\n{{ header_lines }}\\n\\n{{ signed_headers }}\\n\\
      {{ 'UNSIGNED-PAYLOAD' if vars.is_link and cred.service == 's3' else payload }}"
  - { id: canonical_sha256, digest: sha256, of: "{{ canonical }}", encoding: hex }
  - { id: message, text: "AWS4-HMAC-SHA256\\n{{ ts }}\\n{{ area }}\\n{{ canonical_sha256 }}" }
KEYS  - { id: signature, hmac: sha256, key: "{{ signing_key }}", key_encoding: hex, of: "{{ message }}", encoding: hex }
covers: []
""".replace("KEYS", AWS_KEYS.lstrip("\n")).replace(', signed: "SIGNED"', "").replace("  link: &link\n", "  link:\n")
scheme("aws-sigv4-suite", AWS.replace("NAME", "aws-sigv4-suite").replace("HOST", "example.amazonaws.com"))
scheme("aws-sigv4-s3", AWS.replace("NAME", "aws-sigv4-s3").replace("HOST", "examplebucket.s3.amazonaws.com"))


def aws_request(given, level):
    lines = [f"level: {level}"]
    path, _, query = given["target"].partition("?")
    target = path
    # A query that stands in the address must be encoded there.
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=False) if query else []
    lines.append(f'{given["method"].lower()}: {text(target.replace(" ", "%20"))}')
    if pairs:
        names = [name for name, _ in pairs]
        if len(set(names)) == len(names):
            lines.append("query: { " + ", ".join(f"{text(n)}: {text(v)}" for n, v in pairs) + " }")
        else:
            values = {name: [v for n, v in pairs if n == name] for name in names}
            lines.append("query: { " + ", ".join(f"{text(n)}: {json.dumps(v)}" for n, v in values.items()) + " }")
    headers = {}
    for name, value in given["headers"]:
        if name.lower() not in ("host", "x-amz-date", "content-length", "x-amz-security-token"):
            headers.setdefault(name, []).append(value.strip())
    if headers:
        lines.append("headers: { " + ", ".join(
            f"{text(n)}: {text(v[0]) if len(v) == 1 else json.dumps(v)}" for n, v in headers.items()) + " }")
    if given.get("body"):
        lines.append(f'text: {text(given["body"])}')
    return lines


aws = ENTRIES["kb-000"]["given"]["aws"]
not_covered("kb-000", "holds inputs for other entries")
for key, entry in ENTRIES.items():
    if entry["marketplace"] != "aws-sigv4":
        continue
    given, expect = entry["given"], entry["expect"]
    if "target" not in given:
        names = {"signing_key_hex": "signing_key", "k_date": "day_key", "k_region": "region_key", "k_service": "service_key", "k_signing": "signing_key"}
        source = f'{entry["source"]}, {entry["what"]} ({key})'
        cred = {"access_key": "not-published", "secret_key": given["secret_key"], "service": given["service"]}
        clock = amz_instant(f'{given["date"]}T000000Z')
        vector("aws-sigv4-suite", source, cred, GET, {names[name]: value for name, value in expect.items()}, clock)
        covered(key, "aws-sigv4-suite", source)
        continue
    if any("\n" in value for _, value in given["headers"]):
        not_covered(key, "has a header with line breaks (obs-fold), which RFC 9112 forbids to send")
        continue
    if {".", ".."} & set(given["target"].partition("?")[0].split("/")):
        not_covered(key, "has `.` or `..` in its path, which HTTP clients resolve: ingam refuses to send it; `normalized` has a test in src/render/filters.rs")
        continue
    if given["target"].startswith("//"):
        not_covered(key, "begins with `//`, which names a host (RFC 3986, 4.2): a request of ingam names a path; `normalized` has a test in src/render/filters.rs")
        continue
    if given.get("sign_body"):
        not_covered(key, "signs `content-length`, which ingam sets after the signature; kb-045 is the same request without it")
        continue
    token = given.get("token") if not given.get("omit_token") else None
    for form, values in expect.items():
        level = {"header": "header", "query": "link"}[form] + ("_raw" if given.get("normalize_path") is False else "")
        source = f'{entry["source"]}, {entry["what"]}, {form} ({key})'
        cred = {"access_key": aws["access_key"], "secret_key": aws["secret_key"]}
        token = token or next((v for n, v in given["headers"] if n == "X-Amz-Security-Token"), None)
        if token:
            cred["session_token"] = token
        if form == "query":
            cred["expires"] = str(aws["expires"])
        vector("aws-sigv4-suite", source, cred, aws_request(given, level), values, amz_instant(aws["clock"]))
        covered(key, "aws-sigv4-suite", source)

for key, entry in ENTRIES.items():
    if entry["marketplace"] != "aws-sigv4-s3":
        continue
    given, expect = entry["given"], entry["expect"]
    is_link = given["payload_hash"] == "UNSIGNED-PAYLOAD"
    source = f'{entry["source"]}, {entry["what"]} ({key})'
    request = [f'level: {"link_raw" if is_link else "header_hash"}', f'{given["method"].lower()}: {text(given["canonical_path"])}']
    pairs = [] if is_link else parse_qsl(given["canonical_query"], keep_blank_values=True)
    if pairs:
        request.append("query: { " + ", ".join(f"{text(n)}: {text(v)}" for n, v in pairs) + " }")
    headers = {n: v for n, v in given["headers"].items() if n not in ("host", "x-amz-date", "x-amz-content-sha256")}
    if given["method"] == "PUT":
        # The client would add a type of its own, and the example has none.
        request.append('text: "Welcome to Amazon S3."')
    if headers:
        request.append("headers: { " + ", ".join(f"{n}: {text(v)}" for n, v in headers.items()) + " }")
    cred = {"access_key": given["access_key"], "secret_key": given["secret_key"], "service": "s3"}
    if is_link:
        cred["expires"] = "86400"
    if given["method"] == "PUT":
        not_covered(key, "has a body without a `content-type`, and ingam gives every body one")
        continue
    vector("aws-sigv4-s3", source, cred, request,
           {"canonical_sha256": expect["canonical_sha256"], "message": expect["string_to_sign"], "signature": expect["signature"]},
           amz_instant(given["clock"]))
    covered(key, "aws-sigv4-s3", source)

# eBay's digital signatures, with the host of its SDK tests.
EBAY = open("../../src/schemes/ebay-signed.yaml").read()
steps = EBAY[EBAY.index("\nsign:") : EBAY.index("\nok:")]
scheme(
    "ebay-signed-suite",
    'scheme: ebay-signed-suite\ncredentials: { jwe: {}, signing_key: { type: private_key } }\nhosts: { live: "http://localhost:8080" }\n'
    + "prepare: { headers: { x-ebay-signature-key: \"{{ cred.jwe }}\" } }"
    + steps.replace('Authorization: "Bearer {{ token.access_token }}", ', ""),
)
for key in ("kb-171", "kb-173", "kb-176"):
    entry = ENTRIES[key]
    given, expect = entry["given"], entry["expect"]
    source = f'{entry["source"]}, {entry["what"]} ({key})'
    request = [f'{given["method"].lower()}: {given["path"]}']
    if "body" in given:
        request.append(f'text: {text(given["body"])}')
    values = {"message": expect["signature_base"], "headers.signature": expect["signature"], "headers.signature-input": expect["signature-input"]}
    if "content-digest" in expect:
        values["headers.content-digest"] = expect["content-digest"]
    vector("ebay-signed-suite", source, {"jwe": given["jwe"], "signing_key": pem(given["private_jwk"])}, request, values,
           instant(given["created"]))
    covered(key, "ebay-signed-suite", source)
published = next(e for e in json.load(open("published.json"))["others"] if e["id"] == "ebay-digital-signature")
values = published["input"]
vector("ebay-signed-suite", published["source"], {"jwe": values["jwe"], "signing_key": values["private_key_pkcs8_base64"]},
       [f'post: {values["path"]}', f'text: {text(values["body"])}'],
       {"message": published["string_to_sign"], "headers.signature": published["expected"],
        "headers.content-digest": values["content_digest"], "headers.signature-input": values["signature_input"]},
       instant(values["created"]))
entry = ENTRIES["kb-172"]
source = f'{entry["source"]}, {entry["what"]} (kb-172)'
signature = entry["expect"]["signature"]
cred = {"message": entry["expect"]["signature_base"], "key": rfc9421_key("test-key-rsa-pss"), "label": "sig1"}
vector("text-rsa-sha256", source, cred, GET,
       {"message": cred["message"], "signature": signature[6:-1], "field": signature})
covered("kb-172", "text-rsa-sha256", source, {"content-digest": "is that of kb-171", "signature-input": "is a part of the base, which is whole"})

for name, parts in FILES.items():
    open(f"workspace/schemes/{name}.yaml", "w").write(parts[0] + "\n".join(parts[1:]))
lines = [f"  {json.dumps(key)}: {json.dumps(entries, ensure_ascii=False)}" for key, entries in sorted(COVERAGE.items())]
open("coverage-west.json", "w").write("{\n" + ",\n".join(lines) + "\n}\n")
