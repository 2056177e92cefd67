"""AWS Signature Version 4 in the Authorization header.

Source: docs.aws.amazon.com, "Create a signed AWS API request"; known answers of awslabs/aws-c-auth (get-vanilla,
get-utf8, get-vanilla-query-order-value, post-x-www-form-urlencoded)."""
import hashlib
import hmac
import json
from urllib.parse import quote

from data import BODY, QUERIES, SECRETS, START
from signing import Call, Mistake, Scheme, compact, moment, request, rfc3986, setting_of


def step(key, text): return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Sigv4(Scheme):
    name, secret_name = "aws-sigv4", "secret_key"
    host = "cases.execute-api.eu-west-1.amazonaws.com"
    other_hosts = ()
    creds = [{"region": "eu-west-1", "service": "execute-api", "access_key": "AKIDCASEEXAMPLE00001", "secret_key": s} for s in SECRETS]
    other_cred = {"secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    uses, sorts, seps = frozenset({"pairs_enc", "path", "method", "body", "host", "time"}), True, "\n"
    order = ("method", "sep", "path", "sep", "pairs", "sep", "headers", "sep", "names", "sep", "payload")
    sig_header, header_names = "Authorization", {"X-Amzn-Authorization": "Authorization"}
    time_forms = {"T4 iso": lambda t: f"{t[:4]}-{t[4:6]}-{t[6:11]}:{t[11:13]}:{t[13:]}", "T4 offset": lambda t: t[:-1] + "+0000"}
    right_samples = 6

    def samples(self):
        paths = ["/prod/search", "/prod/orders", "/prod/items", "/prod/a%20b%2Fc/d", "/prod/list/"]
        made = [Call("GET", p, q, ms=START + 61_000 * i, host=self.host) for i, (p, q) in enumerate(zip(paths, QUERIES))]
        made[4].query = [("filter", "a"), ("filter", "à"), ("B", "2"), ("b", "1"), ("a10", "x"), ("a2", "y")]
        made.append(Call("POST", "/prod/items", [], body=compact(BODY), ms=START + 400_000, host=self.host,
                         headers=[["X-Note", "a   b"], ["Accept-Encoding", "gzip, deflate"], ["User-Agent", "case/1.0"]]))
        made.append(Call("POST", "/prod/form", [], form=QUERIES[0], ms=START + 410_000, host=self.host))
        return made

    def ts(self, call): return call.time_as(moment(call.ms).strftime("%Y%m%dT%H%M%SZ"))

    def signed(self, call):
        """The headers that are signed, sorted, values folded."""
        lines = [("host", getattr(call, "host_header", call.authority())), ("x-amz-date", self.ts(call))]
        lines += [(n.lower(), " ".join(v.split())) for n, v in call.headers]
        if call.body is not None or call.form is not None:
            lines.append(("content-type", self.ctype(call)))
        return sorted(n for n in lines if n[0] not in getattr(call, "unsigned", ()))

    def ctype(self, call):
        return call.ctype or ("application/json" if call.form is None else "application/x-www-form-urlencoded")

    def body(self, call):
        return call.body or "" if call.form is None else "&".join(rfc3986(n) + "=" + rfc3986(v) for n, v in call.form)

    def canonical_query(self, view):
        pairs = list(view.query)
        for hook in view.pair_hooks:
            pairs = hook(pairs)
        if view.keep_empty is False:
            pairs = [p for p in pairs if p[1]]
        pairs = view.sort(pairs) if view.sort else sorted(pairs, key=lambda p: (view.enc(p[0]), view.enc(p[1])))
        return "&".join(view.enc(n) + ("=" + view.enc(v) if v or view.empty_as else "") for n, v in pairs)

    def fields(self, view, cred):
        names = getattr(view, "names", None) or ";".join(n for n, _ in self.signed(view))
        lines = "".join(f"{n}:{v}\n" for n, v in self.signed(view))
        payload = getattr(view, "payload", None) or hashlib.sha256(self.body(view).encode()).hexdigest()
        self.view, self.cred = view, cred
        path = getattr(view, "path_enc", lambda p: quote(p, safe="/-._~"))(view.path)
        return [("method", view.method), ("sep", "\n"), ("path", path), ("sep", "\n"), ("pairs", self.canonical_query(view)),
                ("sep", "\n"), ("headers", lines), ("sep", "\n"), ("names", names), ("sep", "\n"), ("payload", payload)]

    def area(self, call, cred, region=None, service=None):
        return f"{self.ts(call)[:8]}/{region or cred['region']}/{service or cred['service']}/aws4_request"

    def key_from(self, secret, cred, prefix=b"AWS4", **parts):
        """The date of the key is that of the scope."""
        key = step(prefix + secret, parts.get("day") or self.ts(self.view)[:8])
        for text in (parts.get("region") or cred["region"], parts.get("service") or cred["service"], "aws4_request"):
            key = step(key, text)
        return key

    def key(self, cred): return self.key_from(str(cred[self.secret_name]).encode(), cred)

    def raw_key(self, change):
        return lambda key, cred, scheme: self.key_from(change(str(cred[self.secret_name]).encode()), cred)

    def mac(self, key, data):
        hashed = hashlib.sha256(data).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self.ts(self.view)}\n{self.area(self.view, self.cred)}\n{hashed}"
        return step(key, getattr(self.view, "last_text", lambda t: t)(text))

    def wire(self, call, sig, cred):
        names = ";".join(n for n, _ in self.signed(call))
        return request(call, headers=[["X-Amz-Date", self.ts(call)], [
            "Authorization", f"AWS4-HMAC-SHA256 Credential={cred['access_key']}/{self.area(call, cred)}, SignedHeaders={names}, "
                             f"Signature={sig}"]])

    def own_mistakes(self):
        key = lambda **parts: (lambda k, cred, s: s.key_from(str(cred["secret_key"]).encode(), cred, **parts))
        view = lambda **settings: setting_of(lambda v: [setattr(v, n, x) for n, x in settings.items()])
        yield Mistake("S1", "us-east-1", key=key(region="us-east-1"))
        yield Mistake("S1", "region-from-host-service", key=key(service="cases"), provable="no")
        yield Mistake("K8", "without-AWS4", key=key(prefix=b""))
        yield Mistake("K8", "aws4-lower", key=key(prefix=b"aws4"), provable="no")
        yield Mistake("P4", "encoded-once", view=view(path_enc=lambda p: p), also=["H3"])
        for value in ("identity", "gzip", "gzip, deflate, br", "*", "gzip,gzip(gfe)"):
            yield Mistake("A2", value.replace(" ", ""), view=self.header("Accept-Encoding", value))
        yield Mistake("A3", "charset-added", view=view(ctype="application/json; charset=utf-8"))
        yield Mistake("A3", "content-type-case", view=view(ctype="Application/JSON"))
        yield Mistake("A3", "form-type", view=view(ctype="application/x-www-form-urlencoded"))
        yield Mistake("A3", "user-agent", view=self.header("User-Agent", "python-requests/2.31.0"))
        yield Mistake("A3", "blanks-kept", fields=lambda f, c: [(k, t.replace("a b", "a   b") if k == "headers" else t) for k, t in f])
        yield Mistake("L4", "names-in-capitals", also=["A6", "A3"], fields=lambda f, c: [
            (k, t.title() if k == "names" else t) for k, t in f])
        yield Mistake("B2", "hash-of-nothing", view=view(payload=hashlib.sha256(b"").hexdigest()))
        yield Mistake("B2", "unsigned-payload", view=view(payload="UNSIGNED-PAYLOAD"), also=["H3"])
        yield Mistake("H1", "payload-md5", view=setting_of(lambda v: setattr(v, "payload", hashlib.md5(self.body(v).encode()).hexdigest())))
        yield Mistake("H2", "canonical-not-hashed", mac=lambda k, d: step(k, d.decode("utf-8", "replace")), also=["L4"])
        yield Mistake("L1", "last-text-backslash-n", view=view(last_text=lambda t: t.replace("\n", "\\n")))
        yield Mistake("L2", "last-text-cr-lf", view=view(last_text=lambda t: t.replace("\n", "\r\n")))

    @staticmethod
    def header(name, value):
        return setting_of(lambda v: setattr(v, "headers", [[n, value if n == name else x] for n, x in v.headers]))

    suite = {"region": "us-east-1", "service": "service", "access_key": "AKIDEXAMPLE",
             "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    suite_call = dict(ms=1440938160000, host="example.amazonaws.com")
    known = [(suite, Call("GET", "/", **suite_call), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
             (suite, Call("GET", "/", [("Param1", "value2"), ("Param1", "value1")], **suite_call),
              "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
             (suite, Call("GET", "/", [("ሴ", "bar")], **suite_call),
              "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
             (suite, Call("POST", "/", body="Param1=value1", ctype="application/x-www-form-urlencoded; charset=utf8", **suite_call),
              "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe")]


SCHEMES = [Sigv4()]
