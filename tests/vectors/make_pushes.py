#!/usr/bin/env python3
"""Makes workspace/schemes/west-pushes.yaml and its lines of coverage-west.json: known answers of pushes, signed
addresses, digests and short signatures from known-answers-west.json, which make_suites.py does not cover. Run it after that one, which writes coverage-west.json anew."""

import base64
import json

ENTRIES = {entry["id"]: entry for entry in json.load(open("known-answers-west.json"))}
SCHEME = "west-pushes"
HEAD = """# Made by make_pushes.py.
scheme: west-pushes
credentials:
  secret: { secret: true, default: null }
  public_key: { type: public_key, default: null }
hosts: { live: "https://host.invalid" }
webhooks:
  # The header holds one signature, and is compared whole.
  standard-whole:
    sign:
      - { id: message, text: "{{ push.headers['webhook-id'] }}.{{ push.headers['webhook-timestamp'] }}.{{ push.body }}" }
      - { id: hmac, hmac: sha256, key: "{{ cred.secret | replace('whsec_', '') }}", key_encoding: base64, of: "{{ message }}", encoding: base64 }
      - { id: header, text: "v1,{{ hmac }}" }
    equals: { header: webhook-signature }
  # Or several, of which one is right.
  standard:
    sign:
      - { id: message, text: "{{ push.headers['webhook-id'] }}.{{ push.headers['webhook-timestamp'] }}.{{ push.body }}" }
      - { id: hmac, hmac: sha256, key: "{{ cred.secret | replace('whsec_', '') }}", key_encoding: base64, of: "{{ message }}", encoding: base64 }
    equals: { header: webhook-signature, pattern: "v1,([A-Za-z0-9+/=]+)" }
  standard-asymmetric:
    sign:
      - { id: message, text: "{{ push.headers['webhook-id'] }}.{{ push.headers['webhook-timestamp'] }}.{{ push.body }}" }
      - { id: signature, ed25519: pure, key: "{{ cred.public_key }}", of: "{{ message }}", encoding: base64 }
    equals: { header: webhook-signature, pattern: "v1a,([A-Za-z0-9+/=]+)" }
  # BigCommerce takes the client secret as text.
  standard-text:
    sign:
      - { id: message, text: "{{ push.headers['webhook-id'] }}.{{ push.headers['webhook-timestamp'] }}.{{ push.body }}" }
      - { id: hmac, hmac: sha256, key: "{{ cred.secret }}", of: "{{ message }}", encoding: base64 }
      - { id: header, text: "v1,{{ hmac }}" }
    equals: { header: webhook-signature }
  github:
    sign:
      - { id: hmac, hmac: sha256, key: "{{ cred.secret }}", of: "{{ push.body_bytes }}", encoding: hex }
      - { id: header, text: "sha256={{ hmac }}" }
    equals: { header: x-hub-signature-256 }
  stripe:
    sign:
      - { id: time, text: "{{ push.headers['stripe-signature'] | split(',') | first | replace('t=', '') }}" }
      - { id: prefix, text: "{{ time }}." }
      - { id: hmac, hmac: sha256, key: "{{ cred.secret }}", of: "{{ prefix }}{{ push.body }}", encoding: hex }
    equals: { header: stripe-signature, pattern: "v1=([0-9a-f]+)" }
  shopify:
    sign: [{ id: signature, hmac: sha256, key: "{{ cred.secret }}", of: "{{ push.body_bytes }}", encoding: base64 }]
    equals: { header: x-shopify-hmac-sha256 }
  mercado-pago:
    sign:
      - { id: data_id, text: "{{ push.query_pairs | only('data.id') | concat(':') | replace('data.id:', 'id:') }}" }
      - { id: time, text: "{{ push.headers['x-signature'] | split(',') | first }}" }
      - { id: manifest, text: "{{ (data_id ~ ';') if data_id else '' }}request-id:{{ push.headers['x-request-id'] }};{{ time | replace('ts=', 'ts:') }};" }
      - { id: hmac, hmac: sha256, key: "{{ cred.secret }}", of: "{{ manifest }}", encoding: hex }
      - { id: header, text: "{{ time }},v1={{ hmac }}" }
    equals: { header: x-signature }
  # `base64(json).base64(hex)`: the body is the json.
  bigcommerce-payload:
    sign:
      - { id: hmac, hmac: sha256, key: "{{ cred.secret }}", of: "{{ push.body }}", encoding: hex }
      - { id: signature, encode: base64, of: "{{ hmac }}" }
    equals: { header: x-second-half }
  flipkart:
    sign:
      - { id: message, text: "{{ push.headers['x_date'] }}{{ push.url }}{{ push.method }}{{ cred.secret }}" }
      - { id: hash, digest: sha1, of: "{{ message }}", encoding: hex }
      - { id: value, encode: base64, of: "app-id:{{ hash }}" }
      - { id: header, text: "FKLOGIN {{ value }}" }
    equals: { header: x_authorization }
  # WooCommerce over plain HTTP: the body is the base string.
  oauth1-sha1:
    sign: [{ id: signature, hmac: sha1, key: "{{ cred.secret }}", of: "{{ push.body }}", encoding: base64 }]
    equals: { header: x-signature }
  oauth1-sha256:
    sign: [{ id: signature, hmac: sha256, key: "{{ cred.secret }}", of: "{{ push.body }}", encoding: base64 }]
    equals: { header: x-signature }
  digest-sha256:
    sign:
      - { id: digest, digest: sha256, of: "{{ push.body_bytes }}", encoding: base64 }
      - { id: field, text: ":{{ digest }}:" }
    equals: { header: x-digest }
  digest-sha1:
    sign:
      - { id: digest, digest: sha1, of: "{{ push.body_bytes }}", encoding: base64 }
      - { id: field, text: ":{{ digest }}:" }
    equals: { header: x-digest }
  digest-sha512:
    sign:
      - { id: digest, digest: sha512, of: "{{ push.body_bytes }}", encoding: base64 }
      - { id: field, text: ":{{ digest }}:" }
    equals: { header: x-digest }
vectors:
"""
OUT, COVERAGE = [HEAD], {}


def text(value):
    return json.dumps(value, ensure_ascii=False)


def push(key, webhook, headers, body, expect, secret=None, public_key=None, but=None, url=None, method=None):
    """A vector and its line of the coverage. The source names the entry, so that it stands once."""
    source = f'{ENTRIES[key]["source"]}, {ENTRIES[key]["what"]} ({key})'
    cred = []
    if secret is not None:
        cred.append(f"secret: {text(secret)}")
    if public_key is not None:
        cred.append(f"public_key: {text(public_key)}")
    lines = [f"  - source: {text(source)}", "    given:", f"      cred: {{ {', '.join(cred)} }}" if cred else "      cred: {}",
             '      clock: "2026-01-01T00:00:00Z"', "      push:", f"        webhook: {webhook}"]
    if url:
        lines.append(f"        url: {text(url)}")
    if method:
        lines.append(f"        method: {method}")
    lines += [f"        headers: {text(headers)}", f"        body: {text(body)}", f"    expect: {text(expect)}", ""]
    OUT.append("\n".join(lines))
    line = {"scheme": SCHEME, "source": source}
    if but:
        line["but"] = but
    COVERAGE[key] = [line]


def no(key, reason):
    COVERAGE[key] = [{"not": reason}]


def known(key, scheme, source, but=None):
    line = {"scheme": scheme, "source": source}
    if but:
        line["but"] = but
    COVERAGE[key] = [line]


def ed25519_pem(value):
    der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(value.removeprefix("whpk_"))
    return "-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der).decode() + "\n-----END PUBLIC KEY-----\n"


def standard(given, signature):
    return {"webhook-id": given["id"], "webhook-timestamp": str(given["timestamp"]), "webhook-signature": signature}


SENT = {"headers.webhook-id": "is sent", "headers.webhook-timestamp": "is sent"}
entry = ENTRIES["kb-079"]
signature = entry["expect"]["headers"]["webhook-signature"]
push("kb-079", "standard-whole", standard(entry["given"], signature), entry["given"]["body"],
     {"message": entry["expect"]["signed_content"], "header": signature, "accepted": True}, entry["given"]["secret"], but=SENT)
for key, accepted in (("kb-080", True), ("kb-083", False), ("kb-209", False)):
    given = ENTRIES[key]["given"]
    push(key, "standard", standard(given, given["webhook-signature"]), given["body"], {"accepted": accepted}, given["secret"])
no("kb-081", "has a key in base64 without its padding, which ingam refuses")
entry = ENTRIES["kb-208"]
signature = entry["expect"]["webhook-signature"]
push("kb-208", "standard-whole", standard(entry["given"], signature), entry["given"]["body"],
     {"header": signature, "accepted": True}, entry["given"]["secret"])
entry = ENTRIES["kb-189"]
signature = entry["expect"]["webhook-signature"]
push("kb-189", "standard-text", standard(entry["given"], signature), entry["given"]["body"],
     {"header": signature, "accepted": True}, entry["given"]["client_secret"])
entry = ENTRIES["kb-210"]
signature = entry["expect"]["webhook-signature"]
push("kb-210", "standard-asymmetric", standard(entry["given"], signature), entry["given"]["body"],
     {"accepted": True}, public_key=ed25519_pem(entry["given"]["public_key"]),
     but={"webhook-signature": "is the header, and is verified with the public key"})
# A scheme has one key: of several, the one that made the signature.
for key in ("kb-212", "kb-213", "kb-214", "kb-216", "kb-217", "kb-219", "kb-223", "kb-226", "kb-227"):
    given, valid = ENTRIES[key]["given"], ENTRIES[key]["expect"]["valid"]
    push(key, "standard-asymmetric", given["headers"], given["body"], {"accepted": valid}, public_key=ed25519_pem(given["public_keys"][-1]))
for key in ("kb-221", "kb-222"):
    no(key, "the time of a push is not judged: a scheme says how it is signed, and whoever receives it decides")
no("kb-228", "has a key that is none among several; a scheme has one")
for key in ("kb-085", "kb-086", "kb-087"):
    given, header = ENTRIES[key]["given"], ENTRIES[key]["expect"]["x-hub-signature-256"]
    push(key, "github", {"x-hub-signature-256": header}, given["body"], {"header": header, "accepted": True}, given["secret"])
entry = ENTRIES["kb-088"]
header = entry["expect"]["stripe-signature"]
push("kb-088", "stripe", {"stripe-signature": header}, entry["given"]["body"],
     {"prefix": entry["expect"]["signed_payload_prefix"], "hmac": header.split("v1=")[1], "accepted": True},
     entry["given"]["secret"], but={"stripe-signature": "holds the signature behind `v1=`"})
entry = ENTRIES["kb-206"]
push("kb-206", "stripe", {"stripe-signature": entry["expect"]["stripe-signature"]}, entry["given"]["body"],
     {"hmac": entry["expect"]["v1"], "accepted": True}, entry["given"]["secret"], but={"stripe-signature": "holds v1 and a v0 that nobody reads"})
for key in ("kb-096", "kb-097", "kb-198"):
    given, header = ENTRIES[key]["given"], ENTRIES[key]["expect"]["x-shopify-hmac-sha256"]
    push(key, "shopify", {"x-shopify-hmac-sha256": header}, given["body"], {"signature": header, "accepted": True}, given["client_secret"])
known("kb-089", "shopify-callback", "Shopify/shopify_python_api test/session_test.py (a list)")
no("kb-091", "a blank in a value: Shopify's libraries differ (JavaScript encodes it, Python does not), and the scheme does as the Python one")
for key in ("kb-094", "kb-095", "kb-231"):
    no(key, "joins the values of a repeated name by commas, which no filter does; the app proxy serves storefronts and is no part of the API")
known("kb-116", "basic", "RFC 7617, section 2 (Aladdin)")
known("kb-229", "trendyol", "developers.trendyol.com, 2. Authorization (User-Agent, example 1); RFC 7617, 2 (user and password of its example)")
for key in ("kb-181", "kb-182", "kb-183"):
    given, expect = ENTRIES[key]["given"], ENTRIES[key]["expect"]
    query = f'?data.id={given["data_id"]}&type=order' if given["data_id"] else "?type=order"
    push(key, "mercado-pago", {"x-signature": expect["x-signature"], "x-request-id": given["x-request-id"]}, "{}",
         {"manifest": expect["manifest"], "header": expect["x-signature"], "accepted": True}, given["secret"],
         url="https://shop.example/hooks" + query)
for key in ("kb-185", "kb-186"):
    given, expect = ENTRIES[key]["given"], ENTRIES[key]["expect"]
    payload, second = given["signed_payload"].split(".")
    wanted = {"accepted": expect["valid"]}
    if expect["valid"]:
        wanted = {"hmac": expect["signature_hex"], **wanted}
    push(key, "bigcommerce-payload", {"x-second-half": second}, base64.b64decode(payload).decode(), wanted, given["client_secret"],
         but={"payload_text": "is the body that is signed"})
for key in ("kb-187", "kb-188"):
    no(key, "a JWT that a browser brings to an app: no scheme reads its claims")
no("kb-078", "the Plaza API of bol ended; the scheme signs as the Retailer API does")
entry = ENTRIES["kb-201"]
given, expect = entry["given"], entry["expect"]
push("kb-201", "flipkart", {"x_date": given["X_Date"], "x_authorization": expect["X_Authorization"]}, "{}",
     {"message": expect["string"], "hash": expect["fk_signature_hex"], "header": expect["X_Authorization"], "accepted": True},
     given["app_secret"], url=given["url"], method=given["method"])
no("kb-190", "is an example without nonce and timestamp, which OAuth 1.0a demands; its signatures are kb-192 to kb-194")
for key, webhook, suffix in (("kb-192", "oauth1-sha1", "&"), ("kb-193", "oauth1-sha256", "&"), ("kb-194", "oauth1-sha1", "")):
    given, expect = ENTRIES[key]["given"], ENTRIES[key]["expect"]
    push(key, webhook, {"x-signature": expect["signature"]}, given["base_string"],
         {"signature": expect["signature"], "accepted": True}, given["consumer_secret"] + suffix)
no("kb-207", "is signed over a CRC-32, and with a certificate that must be fetched; PayPal is no marketplace")
FIELD = {"field": "is the name of the header"}
for key, algorithm in (("kb-119", "sha-256"), ("kb-121", "sha"), ("kb-126", "sha-256"), ("kb-128", "sha-256"), ("kb-129", "sha-256"),
                       ("kb-131", "sha-512"), ("kb-132", "sha-256")):
    value = ENTRIES[key]["expect"][algorithm]
    webhook = {"sha-256": "digest-sha256", "sha": "digest-sha1", "sha-512": "digest-sha512"}[algorithm]
    push(key, webhook, {"x-digest": value}, ENTRIES[key]["given"]["content"], {"field": value, "accepted": True}, but=FIELD)
no("kb-123", "unixcksum is deprecated by RFC 9530, section 5, and signs nothing")
no("kb-125", "crc32c is deprecated by RFC 9530, section 5, and signs nothing")
no("kb-130", "is a digest of Brotli, which a vector, whose bodies are texts, cannot hold")

open(f"workspace/schemes/{SCHEME}.yaml", "w").write("\n".join(OUT))
coverage = json.load(open("coverage-west.json"))
coverage.update(COVERAGE)
lines = [f"  {json.dumps(key)}: {json.dumps(entries, ensure_ascii=False)}" for key, entries in sorted(coverage.items())]
open("coverage-west.json", "w").write("{\n" + ",\n".join(lines) + "\n}\n")
missing = [key for key in ENTRIES if key not in coverage]
reproduced = sum("not" not in entries[0] for entries in coverage.values())
print(f"{reproduced} of {len(coverage)} entries, {len(ENTRIES)} known; missing: {missing}")
