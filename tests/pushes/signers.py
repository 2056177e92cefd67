"""Pushes as marketplaces sign them, written from their own texts (the sources are named beside the
vectors in src/schemes), with the standard library only. The keys are those of the sandbox.

    python3 signers.py http://127.0.0.1:9900/push

prints one JSON object a line: scheme, webhook, method, target (path and query), headers, body.
"""
import base64, hashlib, hmac, json, sys
from urllib.parse import quote, urlsplit

URL = sys.argv[1]
PATH = urlsplit(URL).path or "/"
APP = b"sandbox-app-secret-that-is-no-secret"
CLIENT = b"sandbox-client-secret-that-is-no-secret"
PUSH_TOKEN = "sandbox-push-token-that-is-no-secret"
BODY = '{"shop_id": 123, "code": 3, "data": {"note": "가/<b>", "list": []}, "timestamp": 1795338000}'


def mac(key, text, hash=hashlib.sha256):
    return hmac.new(key, text.encode() if isinstance(text, str) else text, hash)


def b64(digest):
    return base64.b64encode(digest).decode()


def show(scheme, webhook, headers, query="", body=BODY, method="POST"):
    target = PATH + ("?" + query if query else "")
    print(json.dumps({"scheme": scheme, "webhook": webhook, "method": method, "target": target,
                      "headers": headers, "body": body}, ensure_ascii=False))


# bigcommerce: standard webhooks; the signature by an old key stands behind the right one.
text = "msg_1.1795338000." + BODY
show("bigcommerce", "event", {"webhook-id": "msg_1", "webhook-timestamp": "1795338000",
     "webhook-signature": "v1," + b64(mac(CLIENT, text).digest()) + " v1,b2xkIGtleQ=="})

# cafe24: the query in front of `&hmac=`.
query = "is_multi_shop=T&lang=ko_KR&mall_id=sandboxmall&timestamp=1795338000&user_id=u&user_name=" + quote("홍길동")
show("cafe24", "app_start", {}, query + "&hmac=" + quote(b64(mac(CLIENT, query).digest()), safe=""), "", "GET")

# douyin: message, and SPI by HMAC and by MD5.
key = "7000000000000000001"
show("douyin", "message", {"event-sign": hashlib.md5((key + BODY + APP.decode()).encode()).hexdigest()})
for method in ("hmac-sha256", "md5"):
    time = "2026-11-22 17:00:00"
    text = APP.decode() + "app_key" + key + "param_json" + BODY + "timestamp" + time + APP.decode()
    sign = mac(APP, text).hexdigest() if method == "hmac-sha256" else hashlib.md5(text.encode()).hexdigest()
    show("douyin", "spi", {}, f"app_key={key}&timestamp={quote(time)}&sign_method={method}&sign={sign}")

# flipkart: date, address, method and secret.
date = "Sun, 22 Nov 2026 09:00:00 GMT"
sha1 = hashlib.sha1((date + URL + "POST").encode() + APP).hexdigest()
show("flipkart", "notification", {"X_Date": date, "X_Authorization": "FKLOGIN " + b64(b"sandbox-app-id:" + sha1.encode())})

# lazada, tiktok-shop: the app key and the raw body.
for scheme in ("lazada", "tiktok-shop"):
    show(scheme, "push", {"Authorization": mac(APP, "sandbox-app-key" + BODY).hexdigest()})

# shopee: the registered address, a bar and the raw body.
show("shopee", "push", {"Authorization": mac(b"sandbox-partner-key-that-is-no-secret", URL + "|" + BODY).hexdigest()})

# shopify: the raw body.
for scheme in ("shopify", "shopify-cc"):
    show(scheme, "event", {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-SHA256": b64(mac(CLIENT, BODY).digest())})

# wechat-channels: token, time and number, sorted; and the check of an address.
for webhook, name, extra in (("message", "signature", []), ("address", "msg_signature", ["c2VjcmV0"])):
    parts = sorted([PUSH_TOKEN, "1795338000", "263014780", *extra])
    sign = hashlib.sha1("".join(parts).encode()).hexdigest()
    echo = "&echostr=c2VjcmV0" if extra else ""
    show("wechat-channels", webhook, {}, f"{name}={sign}&timestamp=1795338000&nonce=263014780{echo}",
         "" if extra else BODY, "GET" if extra else "POST")
