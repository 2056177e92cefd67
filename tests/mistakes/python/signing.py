"""How a request is signed step by step, with a place at each step where a mistake can be made.

Read this first. `sign()` is the whole way from a call to the request that is sent:

    call    what the program wants to send             hook `call`    changes what is sent and signed
    view    the program's idea of it while it signs    hook `view`    changes only what is signed
    fields  the parts of the text, with separators     hook `fields`
    key     the bytes of the key                       hook `key`
    text    the string to sign                         hook `text`
    data    its bytes                                  hook `data`
    digest  MAC or hash                                hook `mac`     replaces the function
    sig     the digest as it is sent                   hooks `out` (replaces the encoding), `sig`
    request what is sent                               hook `wire`

A mistake is a name and some of these hooks. Nothing here comes from ingam's own code: the recipes stand in the
scheme files beside this one, each with its source and known answers.
"""
import base64
import copy
import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, quote, quote_plus


# --- alphabets of percent-encoding -------------------------------------------------------------------------------
def rfc3986(text): return quote(text, safe="")
def js_component(text): return quote(text, safe="!*'()")
def form(text): return quote_plus(text, safe="*").replace("~", "%7E")
def plus(text): return quote_plus(text)
def encode_uri(text): return quote(text, safe=";,/?:@&=+$#!*'()")
def old_php(text): return quote(text, safe="").replace("~", "%7E")
def browser(text): return quote(text, safe="!$'()*,/:;?@[]|")
def lower_hex(text): return "".join(c.lower() if i and "%" in rfc3986(text)[max(0, i - 2):i] else c
                                    for i, c in enumerate(rfc3986(text)))
def plain(text): return text


ALPHABETS = {"encodeURIComponent": js_component, "form": form, "encodeURI": encode_uri, "old-php": old_php,
             "browser": browser, "lower-hex": lower_hex}


class Call:
    """A request: `query` and `form` are decoded pairs, `path` is as it stands on the wire, `ms` is Unix milliseconds."""

    def __init__(self, method, path, query=(), form=None, body=None, ctype=None, headers=(), ms=0, host="", base="",
                 level=None, members=None):
        self.method, self.path, self.host, self.base, self.level = method, path, host, base, level
        self.query, self.form = [tuple(p) for p in query], None if form is None else [tuple(p) for p in form]
        self.body, self.ctype, self.headers, self.ms = body, ctype, [list(h) for h in headers], ms
        self.scheme, self.port = "https", None
        self.time_as = plain          # how the time is written, after the scheme's own form
        self.members = members        # of a JSON body whose members are the parameters: pairs of name and value
        self.enc = rfc3986            # how names and values are encoded in the query (and in a form)
        self.text_enc = plain         # how they are encoded in a text that has them decoded
        self.empty_as = "="           # `name=` or `name` for an empty value
        # Only a view uses these: what a mistaken program does while it collects the pairs.
        self.pair_hooks, self.sort, self.keep_empty, self.not_dropped, self.extra = [], None, None, (), []
        self.kv, self.amp = None, None

    def copy(self): return copy.deepcopy(self)

    def received(self, decoded):
        """What a server reads of it: a recipe that has the pairs decoded sees them as the address gives them."""
        twin = self.copy()
        if decoded and twin.query:
            twin.query, twin.enc = parse_qsl(twin.raw_query(), keep_blank_values=True), rfc3986
        return twin

    def authority(self): return self.host + (f":{self.port}" if self.port else "")

    def raw_query(self, pairs=None, sort=None):
        pairs = list(self.query if pairs is None else pairs)
        for hook in self.pair_hooks:
            pairs = hook(pairs)
        pairs = (self.sort or sort or list)(pairs)
        if self.keep_empty is False:
            pairs = [p for p in pairs if p[1] != ""]
        eq = "=" if self.kv is None else self.kv
        return ("&" if self.amp is None else self.amp).join(
            self.enc(n) + (eq + self.enc(v) if v != "" or self.empty_as == "=" else "") for n, v in pairs)

    def url(self):
        query = self.raw_query()
        return f"{self.scheme}://{self.authority()}{self.base}{self.path}" + (f"?{query}" if query else "")

    def concat(self, pairs, drop, keep_empty, kv="", amp=""):
        """Names and values sorted by bytes, joined: the text of the family of Taobao."""
        drop = [d for d in drop if d not in self.not_dropped]
        pairs = [p for p in list(pairs) + list(self.extra) if p[0] not in drop]
        for hook in self.pair_hooks:
            pairs = hook(pairs)
        if not (keep_empty if self.keep_empty is None else self.keep_empty):
            pairs = [p for p in pairs if p[1] != ""]
        pairs = (self.sort or bytesort)(pairs)
        kv, amp = kv if self.kv is None else self.kv, amp if self.amp is None else self.amp
        return amp.join(self.text_enc(n) + kv + self.text_enc(v) for n, v in pairs)


def bytesort(pairs): return sorted(pairs, key=lambda p: (p[0].encode(), p[1].encode()))


class Mistake:
    """`codes` names it, `also` gives further names that are as right for every request."""

    def __init__(self, code, variant, provable="key", also=(), alone=False, often=1, **hooks):
        self.codes, self.variant, self.provable, self.also = [code], variant, "alone" if alone else provable, list(also)
        self.alone, self.often, self.hooks = alone, often, hooks

    def label(self): return f"{self.codes[0]}-{self.variant}"


def setting_of(change):
    """A hook that only changes what it is given."""
    def hook(target, *_):
        change(target)
    return hook


def run(mistakes, name, value, *more):
    """The hooks of this name, one after the other; a hook that returns nothing has changed `value` itself."""
    for mistake in mistakes:
        if name in mistake.hooks:
            result = mistake.hooks[name](value, *more)
            value = value if result is None else result
    return value


def replaced(mistakes, name, default):
    for mistake in mistakes:
        default = mistake.hooks.get(name, default)
    return default


def sign(scheme, call, cred, mistakes=()):
    """The request that a program with these mistakes sends, and what it signed."""
    sent = run(mistakes, "call", call.copy())
    view = run(mistakes, "view", sent.copy(), scheme)
    own = run(mistakes, "cred", dict(cred))
    fields = run(mistakes, "fields", scheme.fields(view, own), sent)
    text = "".join(f[1] for f in fields)
    key = run(mistakes, "key", scheme.key(own), own, scheme)
    if scheme.wraps:
        secret = key.decode("utf-8", "surrogateescape")
        text = secret + text + secret
    text = run(mistakes, "text", text)
    data = run(mistakes, "data", text.encode("utf-8", "surrogateescape"))
    mac = replaced(mistakes, "mac", scheme.mac)
    digest = mac(key, data)
    sig = replaced(mistakes, "out", scheme.out)(digest)
    sig = run(mistakes, "sig", sig, cred)
    request = scheme.wire(sent, sig, cred)
    return run(mistakes, "wire", request, sig), sent, sig, text


# --- MACs and encodings ------------------------------------------------------------------------------------------
def hmac_of(name): return lambda key, data: hmac.new(key, data, name).digest()
def digest_of(name): return lambda key, data: hashlib.new(name, data).digest()
def hexed(digest): return digest.hex()
def upper(digest): return digest.hex().upper()
def b64(digest): return base64.b64encode(digest).decode()


def request(call, url=None, headers=(), body=None):
    """The form of tests/mistakes/cases.jsonl."""
    headers = [list(h) for h in call.headers] + [list(h) for h in headers]
    body = call.body if body is None else body
    if call.form is not None and body is None:
        body = "&".join(call.enc(n) + "=" + call.enc(v) for n, v in call.form)
        headers.append(["Content-Type", call.ctype or "application/x-www-form-urlencoded"])
    elif body is not None:
        headers.append(["Content-Type", call.ctype or "application/json"])
    out = {"method": call.method, "url": url or call.url(), "headers": headers}
    if body is not None:
        out["body"] = body
    return out


def with_query(call, pairs, front=()):
    """The address with further parameters at its end, which the client library encodes as it encodes the others."""
    sent = call.copy()
    sent.query = list(front) + sent.query + list(pairs)
    return sent.url()


class Scheme:
    """What a recipe says; the scheme files fill it in."""
    name = host = base = secret_name = ""
    base_signed = False               # the base path is part of the signed path
    other_hosts = ()
    creds, other_cred, token = [], {}, {}
    uses, order, seps = frozenset(), (), ""
    system, dropped, sorts = (), (), False
    hash_name, is_hmac = "sha256", True
    wraps = False                     # the secret stands before and after the text
    mac, out = staticmethod(hmac_of("sha256")), staticmethod(hexed)
    sig_url = sig_header = None
    header_names = {}                 # what is sent instead: the name of the recipe
    time_forms, fraction = {}, False
    window = True                     # how far off the time may be is documented
    right_samples = 5

    @property
    def cred_names(self): return list(self.creds[0]) + [n for n in self.token if n not in self.creds[0]]
    def key(self, cred): return str(cred[self.secret_name]).encode()
    def raw_key(self, change): return lambda key, cred, scheme: change(key)
    def left_out(self, view, name): return []
    def own_mistakes(self): return []
    def ts(self, call): return call.time_as(str(call.ms // 1000))


def moment(ms, zone=timezone.utc): return datetime.fromtimestamp(0, zone) + timedelta(milliseconds=ms)


def rfc3339(ms): return moment(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def compact(value): return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
