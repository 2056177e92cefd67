"""Verifies pushes as the programs that receive them do, written from the marketplaces' own texts (the
sources are named beside the vectors in src/schemes), with the standard library only.

    python3 verifiers.py http://127.0.0.1:9900/push < PUSHES

reads one JSON object a line: scheme, method, target (path and query), headers (names in lower case),
body. For each it prints `right` or `wrong`.
"""
import base64, hashlib, hmac, json, sys
from urllib.parse import parse_qsl

URL = sys.argv[1]
APP = b"sandbox-app-secret-that-is-no-secret"
CLIENT = b"sandbox-client-secret-that-is-no-secret"


def hexmac(key, text):
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def b64mac(key, text):
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def is_right(scheme, method, query, headers, body):
    head = lambda name: headers.get(name, "")
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    if scheme == "shopee":
        key = b"sandbox-partner-key-that-is-no-secret"
        return head("authorization") == hexmac(key, URL.encode() + b"|" + body)
    if scheme in ("lazada", "tiktok-shop"):
        return head("authorization") == hexmac(APP, b"sandbox-app-key" + body)
    if scheme in ("shopify", "shopify-cc"):
        named = json.loads(body) and "/" in head("x-shopify-topic")
        return bool(named) and head("x-shopify-hmac-sha256") == b64mac(CLIENT, body)
    if scheme == "bigcommerce":
        text = head("webhook-id").encode() + b"." + head("webhook-timestamp").encode() + b"." + body
        return "v1," + b64mac(CLIENT, text) in head("webhook-signature").split(" ")
    if scheme == "cafe24":
        signed, _, _ = query.rpartition("&hmac=")
        return method == "GET" and pairs.get("hmac") == b64mac(CLIENT, signed.encode())
    if scheme == "douyin":
        text = b"7000000000000000001" + body + APP
        return head("event-sign") == hashlib.md5(text).hexdigest()
    if scheme == "flipkart":
        text = (head("x_date") + URL + method).encode() + APP
        login = "sandbox-app-id:" + hashlib.sha1(text).hexdigest()
        return head("x_authorization") == "FKLOGIN " + base64.b64encode(login.encode()).decode()
    if scheme == "wechat-channels":
        parts = ["sandbox-push-token-that-is-no-secret", pairs.get("timestamp", ""), pairs.get("nonce", "")]
        name = "signature"
        if method == "GET":
            name = "msg_signature"
            parts.append(pairs.get("echostr", ""))
        return pairs.get(name) == hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()
    raise SystemExit(f"nothing is known of {scheme}")


for line in sys.stdin:
    push = json.loads(line)
    _, _, query = push["target"].partition("?")
    right = is_right(push["scheme"], push["method"], query, push["headers"], push["body"].encode())
    print("right" if right else "wrong")
