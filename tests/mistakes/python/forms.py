"""A case as a curl command line, as raw HTTP/1.1 or as an entry of a HAR file, as people hand it to `ingam verify`:
python3 tests/mistakes/python/forms.py curl|http|har ID"""
import base64
import json
import os
import shlex
import sys
from urllib.parse import parse_qsl, urlsplit

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases.jsonl")


def body_of(request):
    """The bytes of the body, or nothing."""
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"])
    return request["body"].encode() if "body" in request else None


def curl(request):
    words = ["curl", "-X", request["method"], request["url"]]
    for name, value in request["headers"]:
        words += ["-H", f"{name}: {value}" if value else f"{name};"]
    body = body_of(request)
    if body is not None:
        words += ["--data-raw", body.decode()]
    return " ".join(shlex.quote(w) for w in words) + "\n"


def http(request):
    parts = urlsplit(request["url"])
    target = request["url"].split("//", 1)[1]
    target = target[target.index("/"):] if "/" in target else "/"
    body = body_of(request)
    lines = [f"{request['method']} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{n}: {v}" for n, v in request["headers"]]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines) + "\r\n\r\n" + (body or b"").decode()


def har(request):
    body = body_of(request)
    entry = {"request": {
        "method": request["method"], "url": request["url"], "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": [{"name": n, "value": v} for n, v in request["headers"]],
        "queryString": [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(request["url"]).query, keep_blank_values=True)],
        "headersSize": -1, "bodySize": len(body or b"")}}
    if body is not None:
        kind = next((v for n, v in request["headers"] if n.lower() == "content-type"), "")
        entry["request"]["postData"] = {"mimeType": kind, "text": body.decode()}
    return json.dumps(entry, ensure_ascii=False, indent=2) + "\n"


FORMS = {"curl": curl, "http": http, "har": har}


def main():
    form, ident = sys.argv[1:]
    for line in open(CASES, encoding="utf-8"):
        case = json.loads(line)
        if case["id"] == ident:
            sys.stdout.write(FORMS[form](case["request"]))
            return
    sys.exit(f"there is no case {ident}")


if __name__ == "__main__":
    main()
