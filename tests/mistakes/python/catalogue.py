"""The mistakes, by code of the catalogue (see README.md), for whatever recipe has the part in question.

`mistakes(scheme)` gives those that apply: a scheme says in `uses` what its text has:
  query   the query as it is sent        pairs   names and values decoded     pairs_enc  encoded and sorted
  path    url   method   body   time   token   lines (fields end with line feeds)   sig_url (signature in the query)
"""
import base64
import hashlib
import hmac
import html
import json
import re
import unicodedata
from urllib.parse import quote, unquote

from signing import (ALPHABETS, Mistake, b64, bytesort, compact, digest_of, form, hexed, hmac_of, js_component, plain, plus, rfc3986,
                     upper)


def setting(**values):
    def hook(view, *_):
        for name, value in values.items():
            setattr(view, name, value)
    return hook


def hooking(function):
    return lambda view, *_: view.pair_hooks.append(function)


def both_paths(change):
    def hook(view, *_):
        view.path = change(view.path)
    return hook


def values(change):
    return hooking(lambda pairs: [(n, change(v)) for n, v in pairs])


# --- Q: parameters -----------------------------------------------------------------------------------------------
def of_query_as_sent(raw):
    yield Mistake("Q1", "decoded", view=setting(enc=plain), often=2)
    yield Mistake("Q2", "encoded-again", view=setting(enc=lambda t: rfc3986(rfc3986(t))))
    yield Mistake("Q3", "plus-signed-for-blank", view=setting(enc=plus), often=2)
    yield Mistake("Q3", "plus-sent-for-blank", call=setting(enc=plus), view=setting(enc=rfc3986))
    yield Mistake("Q3", "literal-plus", view=setting(enc=lambda t: rfc3986(t).replace("%2B", "+")))
    for name, alphabet in ALPHABETS.items():
        yield Mistake("Q4", f"signed-{name}", view=setting(enc=alphabet))
    for name in ("encodeURIComponent", "form"):
        yield Mistake("Q4", f"sent-{name}", call=setting(enc=ALPHABETS[name]), view=setting(enc=rfc3986))
    yield Mistake("Q1b", "raw-sent", call=setting(enc=lambda t: quote(t, safe=",:@/~")), view=setting(enc=rfc3986),
                  also=["Q4"])
    if raw:
        yield Mistake("Q7", "sorted", view=setting(sort=lambda p: sorted(p, key=lambda x: x[0])))
        yield Mistake("Q12", "question-mark", fields=on("query", lambda t: "?" + t))
        yield Mistake("Q12", "ampersand-first", fields=on("query", lambda t: "&" + t))
        yield Mistake("Q12", "ampersand-last", fields=on("query", lambda t: t + "&"))
    yield Mistake("Q8", "name-without-equals", view=setting(empty_as=""))


def of_pairs():
    yield Mistake("Q1b", "rfc3986", view=setting(text_enc=rfc3986), also=["Q2", "Q4"], often=2)
    yield Mistake("Q1b", "encodeURIComponent", view=setting(text_enc=js_component), also=["Q2", "Q4"])
    yield Mistake("Q1b", "form", view=setting(text_enc=form), also=["Q2", "Q4"])
    yield Mistake("Q2", "sent-encoded-twice", call=setting(enc=lambda t: rfc3986(rfc3986(t))))
    yield Mistake("Q3", "plus-in-text", view=values(lambda v: v.replace(" ", "+")))
    yield Mistake("Q3", "plus-sent-raw", call=setting(enc=lambda t: quote(t, safe="+")))
    yield Mistake("Q12", "joined-as-query", view=setting(kv="=", amp="&"), also=["L3"])


def of_any_parameters(scheme):
    system = scheme.system
    own = lambda pairs: [p for p in pairs if p[0] not in system]
    yield Mistake("Q6", "all", view=hooking(lambda pairs: []))
    if system:
        yield Mistake("Q6", "all-but-system", view=hooking(lambda p: [x for x in p if x[0] in system]))
        for name in system:
            yield Mistake("Q6", f"without-{name}", view=hooking(lambda p, n=name: [x for x in p if x[0] != n]),
                          also=["Q9", "L4"] + (["S2"] if name in ("access_token", "session") else []))
        yield Mistake("Q7", "system-first", view=setting(
            sort=lambda p: bytesort([x for x in p if x[0] in system]) + bytesort(own(p))))
    yield Mistake("Q6", "without-last", view=hooking(lambda p: [x for x in p if x != own(p)[-1]] if own(p) else p), often=2)
    yield Mistake("Q6", "without-first", view=hooking(lambda p: [x for x in p if x != own(p)[0]] if own(p) else p))
    yield Mistake("Q6", "only-first", view=hooking(lambda p: [x for x in p if x in own(p)[:1] or x[0] in system]))
    yield Mistake("Q7", "reversed", view=setting(sort=lambda p: p[::-1]))
    yield Mistake("Q7", "as-sent", view=setting(sort=list))
    yield Mistake("Q7", "by-value", view=setting(sort=lambda p: sorted(p, key=lambda x: x[1])))
    yield Mistake("Q7", "descending", view=setting(sort=lambda p: bytesort(p)[::-1]))
    if scheme.sorts:
        yield Mistake("Q7b", "ignoring-case", view=setting(sort=lambda p: sorted(p, key=lambda x: x[0].lower())))
        yield Mistake("Q7b", "natural-numbers", view=setting(sort=lambda p: sorted(p, key=lambda x: [
            int(t) if t.isdigit() else t for t in re.split(r"(\d+)", x[0])])))
        yield Mistake("Q7b", "name-only", view=setting(sort=lambda p: sorted(p, key=lambda x: x[0].encode())), also=["Q7"])
        yield Mistake("Q7b", "locale", view=setting(sort=lambda p: sorted(p, key=lambda x: (x[0].strip("_").lower(), x[0].swapcase()))),
                      also=["Q7"])
    yield Mistake("Q8", "dropped", view=setting(keep_empty=False), also=["Q6"])
    yield Mistake("Q8", "kept", view=setting(keep_empty=True))
    for word in ("null", "None", "undefined"):
        yield Mistake("Q8", f"as-{word}", view=lambda v, s, w=word: (
            setattr(v, "keep_empty", True), v.pair_hooks.append(lambda p: [(n, x or w) for n, x in p]))[0])
    yield Mistake("Q8", "zero-dropped", view=hooking(lambda p: [x for x in p if x[1] != "0"]), also=["Q6"])
    yield Mistake("Q8", "false-dropped", view=hooking(lambda p: [x for x in p if x[1] != "false"]), also=["Q6"])
    yield Mistake("Q13", "number-as-float", view=values(lambda v: v + ".0" if re.fullmatch(r"[0-9]{1,4}", v) else v))
    yield Mistake("Q13", "float-as-number", view=values(lambda v: v[:-2] if re.fullmatch(r"[0-9]+\.0", v) else v))
    yield Mistake("Q13", "two-decimals", view=values(lambda v: f"{float(v):.2f}" if re.fullmatch(r"[0-9]+\.[0-9]", v) else v))
    yield Mistake("Q13", "decimal-comma", view=values(lambda v: v.replace(".", ",") if re.fullmatch(r"[0-9]+\.[0-9]+", v) else v))
    yield Mistake("Q13", "True", view=values(lambda v: {"true": "True", "false": "False"}.get(v, v)))
    yield Mistake("Q13", "one-for-true", view=values(lambda v: {"true": "1", "false": "0"}.get(v, v)))
    yield Mistake("Q13", "trimmed", view=values(str.strip))
    yield Mistake("Q13", "lower-case", view=values(lambda v: v.lower() if v == "UTF-8" else v))
    yield Mistake("Q13", "times-100", view=values(lambda v: str(round(float(v) * 100)) if re.fullmatch(r"[0-9]+\.[0-9]", v) else v))
    yield Mistake("Q13", "joined-by-comma", view=hooking(joined))


def joined(pairs):
    """`ids=a&ids=b` signed as `ids=a,b`."""
    names, out = [n for n, _ in pairs], []
    for name, value in pairs:
        if names.count(name) == 1:
            out.append((name, value))
        elif name not in [n for n, _ in out]:
            out.append((name, ",".join(v for n, v in pairs if n == name)))
    return out


def of_intermediaries():
    """A7: the query is rewritten on its way."""
    def renamed(pairs): return [("tag[]" if n == "tag[0]" else n, v) for n, v in pairs]
    yield Mistake("A7", "parameter-added", call=lambda c: c.query.append(("utm_source", "proxy")),
                  view=hooking(lambda pairs: [p for p in pairs if p[0] != "utm_source"]), also=["Q6"])
    yield Mistake("A7", "list-numbered", call=lambda c: c.query.append(("tag[0]", "a")), view=hooking(renamed))


def of_signed_too_much(scheme):
    """Q9: parameters in the text that the recipe leaves out."""
    for name in scheme.dropped:
        yield Mistake("Q9", f"with-{name}", view=lambda v, s, n=name: (
            setattr(v, "not_dropped", (n,)), v.extra.extend(s.left_out(v, n)))[0])


# --- fields of the text ------------------------------------------------------------------------------------------
def on(kind, change):
    return lambda fields, *_: [(k, change(t) if k == kind else t) for k, t in fields]


def without(kind, separator):
    """The field left out, with the separator after it or without."""
    def hook(fields, *_):
        out, skip = [], False
        for k, t in fields:
            if k == kind:
                skip = separator
            elif skip and k == "sep":
                skip = False
            else:
                out.append((k, t))
        return out
    return hook


def exchanged(first, second):
    def hook(fields, *_):
        texts = {k: t for k, t in fields}
        swap = {first: second, second: first}
        if first not in texts or second not in texts:
            return fields
        return [(k, texts[swap[k]] if k in swap else t) for k, t in fields]
    return hook


def of_fields(scheme):
    kinds = [k for k in scheme.order if k not in ("sep", "secret", "mark")]
    names = {"query": ["Q6"], "token": ["S2", "Q6"], "body": ["B2"], "id": ["Q6", "S2"], "pairs": ["Q6"], "path": ["P1"]}
    for kind in kinds:
        yield Mistake("L4", f"without-{kind}", fields=without(kind, True), also=names.get(kind, []) + ["L3"])
    for first, second in zip(kinds, kinds[1:]):
        yield Mistake("L4", f"{second}-before-{first}", fields=exchanged(first, second))
    if "sep" in scheme.order:
        yield Mistake("L3", "missing", fields=on("sep", lambda t: ""))
        yield Mistake("L3", "doubled", fields=on("sep", lambda t: t + t))
        yield Mistake("L3", "first-missing", fields=first_separator(""))
        yield Mistake("L3", "comma", fields=on("sep", lambda t: ","))
        yield Mistake("L3", "pipe", fields=on("sep", lambda t: "|"))
    if "mark" not in scheme.order:
        yield from of_joined_fields()
    yield Mistake("L3", "line-feed-at-end", text=lambda t: t + "\n")
    if "\n" in scheme.seps:
        yield Mistake("L1", "backslash-n", text=lambda t: t.replace("\n", "\\n"))
        yield Mistake("L1", "json-escaped", text=lambda t: json.dumps(t, ensure_ascii=False)[1:-1])
        yield Mistake("L2", "cr-lf", text=lambda t: t.replace("\n", "\r\n"))
        yield Mistake("L2", "cr", text=lambda t: t.replace("\n", "\r"))


def of_joined_fields():
    """The fields joined with something else, or with something where nothing is due."""
    yield Mistake("L3", "line-feed-between", fields=lambda f, *_: [x for k, t in f for x in ((k, t), ("sep", "\n"))][:-1])
    yield Mistake("L3", "blank-between", fields=lambda f, *_: [x for k, t in f if k != "sep" for x in ((k, t), ("sep", " "))][:-1])


def first_separator(text):
    def hook(fields, *_):
        at = next(i for i, (k, _) in enumerate(fields) if k == "sep")
        return fields[:at] + [("sep", text)] + fields[at + 1:]
    return hook


# --- M, P: method and address ------------------------------------------------------------------------------------
def of_method():
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        yield Mistake("M1", method, view=setting(method=method))
    yield Mistake("M2", "lower", view=lambda v, *_: setattr(v, "method", v.method.lower()))
    yield Mistake("M2", "title", view=lambda v, *_: setattr(v, "method", v.method.title()), also=["M1"])


def of_path(scheme):
    cut = lambda n: (lambda p: "/".join(p.split("/")[:-n]) or "/")
    yield Mistake("P1", "without-last", view=both_paths(cut(1)))
    yield Mistake("P1", "without-last-two", view=both_paths(cut(2)))
    yield Mistake("P1", "only-first", view=both_paths(lambda p: "/".join(p.split("/")[:2])))
    if scheme.base:
        if scheme.base_signed:
            yield Mistake("P2", "without-base", view=setting(base=""))
        else:
            yield Mistake("P2", "with-base", view=lambda v, *_: setattr(v, "path", v.base + v.path))
    yield Mistake("P2b", "slash-added", view=both_paths(lambda p: p + "/" if not p.endswith("/") else p))
    yield Mistake("P2b", "slash-dropped", view=both_paths(lambda p: p[:-1] if p.endswith("/") else p))
    yield Mistake("P2b", "first-dropped", fields=on("path", lambda p: p.lstrip("/")))
    yield Mistake("P2b", "double-sent", call=both_paths(lambda p: re.sub(r"^(/[^/]+)/", r"\1//", p)),
                  view=both_paths(lambda p: p.replace("//", "/")))
    yield Mistake("P4", "decoded", view=both_paths(unquote))
    yield Mistake("P4", "encoded-again", view=both_paths(lambda p: quote(p, safe="/")))
    yield Mistake("P4", "slash-decoded", view=both_paths(lambda p: p.replace("%2F", "/")))
    yield Mistake("P4", "slashes-encoded", fields=on("path", lambda p: quote(p, safe="%")))


def of_path_without_host(scheme):
    yield Mistake("P3", "whole-address", fields=lambda f, c: [
        (k, f"{c.scheme}://{c.authority()}{c.base if not t.startswith(c.base) else ''}{t}" if k == "path" else t) for k, t in f])
    yield Mistake("P3", "with-host", fields=lambda f, c: [(k, f"{c.authority()}{t}" if k == "path" else t) for k, t in f])


def of_query_uncovered():
    """Q5: the recipe has only the path."""
    with_query = lambda separator, **how: (lambda v, *_: setattr(v, "path", v.path + separator + v_raw(v, **how)))
    yield Mistake("Q5", "as-sent", view=with_query("?"), often=2)
    yield Mistake("Q5", "without-question-mark", view=with_query(""))
    yield Mistake("Q5", "decoded", view=with_query("?", enc=plain), also=["Q1+Q5"])
    yield Mistake("Q5", "form", view=with_query("?", enc=form), also=["Q3+Q5", "Q4+Q5"])


def v_raw(view, **how):
    twin = view.copy()
    setting(**how)(twin)
    return twin.raw_query()


def of_host(scheme):
    for host in scheme.other_hosts:
        yield Mistake("P3", f"host-{host}", view=setting(host=host), also=["A1"])
    yield Mistake("A1", "localhost", view=setting(host="localhost:8080"), provable="no")
    yield Mistake("P3b", "http", view=setting(scheme="http"), also=["A4"])
    yield Mistake("P3b", "port-added", view=setting(port=443))
    yield Mistake("P3b", "upper-case-host", view=lambda v, *_: setattr(v, "host", v.host.upper()))
    yield Mistake("P3", "www", view=lambda v, *_: setattr(v, "host", "www." + v.host), also=["A1"])


def of_url():
    yield Mistake("P3", "path-for-address", fields=on("url", lambda t: "/" + t.split("/", 3)[3]))
    yield Mistake("P3", "without-scheme", fields=on("url", lambda t: t.split("//", 1)[1]), also=["P3b"])
    yield Mistake("Q6", "without-query", fields=on("url", lambda t: t.split("?")[0]))
    yield Mistake("Q12", "question-mark-at-end", fields=on("url", lambda t: t if "?" in t else t + "?"))


# --- B: bodies ---------------------------------------------------------------------------------------------------
def rewritten(write):
    """The body is parsed and written again, by another function than the one that wrote what is sent."""
    def hook(view, *_):
        if view.body and view.body[:1] in "{[":
            view.body = write(json.loads(view.body))
    return hook


BODIES = {
    "json-dumps": lambda v: json.dumps(v),
    "json-dumps-unicode": lambda v: json.dumps(v, ensure_ascii=False),
    "indent-2": lambda v: json.dumps(v, ensure_ascii=False, indent=2),
    "indent-4": lambda v: json.dumps(v, ensure_ascii=False, indent=4),
    "indent-tab": lambda v: json.dumps(v, ensure_ascii=False, indent="\t"),
    "sorted-keys": lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
    "escaped-unicode": lambda v: json.dumps(v, separators=(",", ":")),
    "escaped-slashes": lambda v: compact(v).replace("/", "\\/"),
    "html-escapes": lambda v: compact(v).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"),
    "print-of-dict": str,
    "line-feed-at-end": lambda v: compact(v) + "\n",
    "list-for-object": lambda v: compact(v).replace("{}", "[]"),
}


def of_body():
    for name, write in BODIES.items():
        yield Mistake("B1", name, view=rewritten(write))
        if name in ("json-dumps", "indent-2"):
            yield Mistake("B1", f"sent-{name}", call=rewritten(write), view=rewritten(compact))
    yield Mistake("B2", "empty", view=lambda v, *_: setattr(v, "body", "" if v.body else v.body))
    for name, text in (("object", "{}"), ("list", "[]"), ("null", "null"), ("quotes", '""')):
        yield Mistake("B3", name, view=lambda v, s, t=text: setattr(v, "body", v.body or t))
    yield Mistake("B3", "query-as-json", view=lambda v, *_: setattr(v, "body", v.body or compact(dict(v.query))))


def of_body_uncovered(where):
    yield Mistake("B3", "body-in-text", fields=lambda f, c: f + [("body", c.body or "")], also=["L4", "H3"])


def encoded_as(charset):
    return lambda data: data.decode("utf-8", "surrogateescape").encode(charset, "replace")


def of_charset():
    for name in ("latin-1", "cp1252", "cp949", "gbk", "big5", "shift_jis", "utf-16-le"):
        yield Mistake("B7", name, data=encoded_as(name))
    yield Mistake("B7", "question-marks", data=encoded_as("ascii"))
    yield Mistake("B7", "nfd", text=lambda t: unicodedata.normalize("NFD", t))
    yield Mistake("B7", "byte-order-mark", data=lambda d: b"\xef\xbb\xbf" + d)


# --- T: time -----------------------------------------------------------------------------------------------------
def of_time(scheme):
    for name, ms in (("second-later", 1000), ("second-earlier", -1000), ("three-seconds", 3000), ("five-earlier", -5000)):
        yield Mistake("T5", name, view=lambda v, s, m=ms: setattr(v, "ms", v.ms + m))
    if scheme.fraction:
        yield Mistake("T5", "two-milliseconds", view=lambda v, *_: setattr(v, "ms", v.ms + 2))
    shift = lambda ms: (lambda c: setattr(c, "ms", c.ms + ms))
    if scheme.window:
        yield Mistake("T1", "clock-behind", call=shift(-3 * 3600_000 - 127_000), alone=True)
        yield Mistake("T1", "clock-ahead", call=shift(2 * 3600_000 + 1_511_000), alone=True)
        yield Mistake("T2", "seoul", call=shift(9 * 3600_000), alone=True)
        yield Mistake("T2", "india", call=shift(5 * 3600_000 + 1_800_000), alone=True)
        yield Mistake("T6", "old", call=shift(-40 * 86_400_000 - 4_321_000), alone=True, also=["T1"])
    for name, change in scheme.time_forms.items():
        code, variant = name.split(" ")
        yield Mistake(code, variant + "-sent", call=setting(time_as=change), alone=True, also=["T3", "T4"])
        yield Mistake(code, variant + "-signed", view=setting(time_as=change), also=["T4"] if code == "T3" else [])


# --- K: keys -----------------------------------------------------------------------------------------------------
def cut(length): return lambda key, *_: key[:length] if len(key) > length else key


def tried(change):
    """Decoding that fails leaves the key as it is: the sample is then none for this mistake."""
    def hook(key, *_):
        try:
            return change(key) or key
        except ValueError:
            return key
    return hook


def expanded(key, *_):
    return re.sub(rb"\$(\w+|\{\w*\})", b"", key)


def of_keys(scheme):
    others = [n for n in scheme.cred_names if n != scheme.secret_name]
    for name in others:
        yield Mistake("K1", name, key=lambda k, cred, s, n=name: s.key({**cred, s.secret_name: str(cred[n])}))
    again = lambda change: (lambda k, cred, s: s.key({**cred, s.secret_name: change(cred[s.secret_name])}))
    for name, change in (("line-feed", lambda k: k + "\n"), ("cr-lf", lambda k: k + "\r\n"), ("cr", lambda k: k + "\r"),
                         ("blank-after", lambda k: k + " "), ("blank-before", lambda k: " " + k), ("tab", lambda k: k + "\t"),
                         ("byte-order-mark", lambda k: "\ufeff" + k), ("zero-width", lambda k: k + "\u200b"),
                         ("no-break-blank", lambda k: k + "\u00a0")):
        yield Mistake("K2", name, key=again(change))
    raw = scheme.raw_key
    yield Mistake("K3", "hex", key=raw(tried(lambda k: bytes.fromhex(k.decode()))))
    yield Mistake("K3", "base64", key=raw(tried(lambda k: base64.b64decode(k, validate=True))))
    yield Mistake("K3", "base64url", key=raw(tried(lambda k: base64.b64decode(k.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(k) % 4), validate=True))))
    yield Mistake("K3", "base64-again", key=raw(lambda k, *_: base64.b64encode(k)))
    yield Mistake("K3", "hex-again", key=raw(lambda k, *_: k.hex().encode()))
    for name, word in (("empty", ""), ("null", "null"), ("undefined", "undefined"), ("None", "None"),
                       ("variable", "${" + scheme.secret_name.upper() + "}"), ("template", "{{" + scheme.secret_name + "}}"),
                       ("placeholder", "YOUR_SECRET_KEY")):
        yield Mistake("K0", name, key=again(lambda k, w=word: w))
    yield Mistake("K4", "other-account", provable="keys", key=lambda k, cred, s: s.key({**cred, **s.other_cred}))
    for length in (16, 20, 24, 32, 40):
        yield Mistake("K6", str(length), key=raw(cut(length)))
    yield Mistake("K6", "last-missing", key=raw(lambda k, *_: k[:-1]))
    yield Mistake("K7", "dollar-expanded", key=raw(expanded))
    yield Mistake("K7", "dollar-doubled", key=raw(lambda k, *_: k.replace(b"$$", b"$")))
    yield Mistake("K7", "quotes-kept", key=again(lambda k: f'"{k}"'))
    yield Mistake("K7", "single-quotes-kept", key=again(lambda k: f"'{k}'"))
    yield Mistake("K7", "percent-decoded", key=again(unquote))
    yield Mistake("K7", "plus-as-blank", key=again(lambda k: k.replace("+", " ")))
    yield Mistake("K7", "cut-at-hash", key=again(lambda k: k.split("#")[0]))
    yield Mistake("K7", "cut-at-equals", key=again(lambda k: k.split("=")[0]), also=["K6"])
    yield Mistake("K7", "html-entities", key=again(html.unescape))
    yield Mistake("K7", "html-escaped", key=again(html.escape))
    yield Mistake("K7", "backslash-read", key=again(lambda k: k.replace("\\n", "\n").replace("\\t", "\t")))
    if scheme.is_hmac:
        yield Mistake("K5", "swapped", mac=lambda key, data: scheme.mac(data, key))


# --- H, O: hash and output ---------------------------------------------------------------------------------------
def of_hash(scheme):
    if scheme.is_hmac:
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
            yield Mistake("H1", name, mac=hmac_of(name))
        same = scheme.hash_name
        for name, join in (("text", lambda k, d: d), ("key-text", lambda k, d: k + d), ("text-key", lambda k, d: d + k),
                           ("key-text-key", lambda k, d: k + d + k)):
            yield Mistake("H2", name, mac=lambda k, d, j=join: hashlib.new(same, j(k, d)).digest())
        yield Mistake("H2", "md5-key-text-key", mac=lambda k, d: hashlib.md5(k + d + k).digest(), also=["H3", "H1+H2"])
    else:
        bare = lambda k, d: d[len(k):len(d) - len(k)]
        for name in ("sha1", "sha256", "sha512"):
            yield Mistake("H1", name, mac=digest_of(name))
        yield Mistake("H3", "hmac-sha256", mac=lambda k, d: hmac.new(k, bare(k, d), hashlib.sha256).digest(), also=["H1", "H2", "H1+H2"])
        yield Mistake("H2", "hmac-md5", mac=lambda k, d: hmac.new(k, bare(k, d), hashlib.md5).digest(), also=["H3"])
        yield Mistake("H2", "key-text", mac=lambda k, d: hashlib.md5(k + bare(k, d)).digest(), also=["L4", "K8"])
        yield Mistake("H2", "text-key", mac=lambda k, d: hashlib.md5(bare(k, d) + k).digest(), also=["L4", "K8"])
        yield Mistake("H2", "text", mac=lambda k, d: hashlib.md5(bare(k, d)).digest(), also=["L4", "K8", "K0"])


def url64(digest): return base64.urlsafe_b64encode(digest).decode()


def of_output(scheme):
    if scheme.out is b64:
        yield Mistake("O1", "hex", out=hexed)
        yield Mistake("O1", "HEX", out=upper, also=["O1+O3"])
        yield Mistake("O5", "base64url", out=url64)
        yield Mistake("O5", "unpadded", out=lambda d: b64(d).rstrip("="))
        yield Mistake("O5", "base64url-unpadded", out=lambda d: url64(d).rstrip("="))
    else:
        other = upper if scheme.out is hexed else hexed
        yield Mistake("O3", "case", out=other)
        yield Mistake("O1", "base64", out=b64)
        yield Mistake("O1", "base64url", out=url64, also=["O1+O5"])
        yield Mistake("O4", "hex-of-hex", out=lambda d: scheme.out(scheme.out(d).encode()))
    yield Mistake("O2", "base64-of-hex", out=lambda d: b64(hexed(d).encode()))
    yield Mistake("O2", "base64-of-HEX", out=lambda d: b64(upper(d).encode()), also=["O2+O3"])
    yield Mistake("O7", "bytes-print", out=lambda d: f"b'{scheme.out(d)}'", alone=True)
    yield Mistake("O7", "object", out=lambda d: "[object Object]", alone=True)
    yield Mistake("O7", "java-array", out=lambda d: "[B@1b6d3586", alone=True)
    yield Mistake("O7", "quotes", out=lambda d: f'"{scheme.out(d)}"', alone=True)
    yield Mistake("O7", "template", out=lambda d: "{{signature}}", alone=True)
    yield Mistake("O7", "true", out=lambda d: "true", alone=True)
    yield Mistake("K10", "secret-sent", sig=lambda s, cred: str(cred[scheme.secret_name]), alone=True)
    if scheme.sig_url:
        name = scheme.sig_url
        yield Mistake("O6", "encoded-twice", alone=True, out=lambda d: rfc3986(b64(d)), also=["O1+O6", "O1"])
    for sent, right in scheme.header_names.items():
        yield Mistake("A6", f"{sent}-for-{right}", alone=True, wire=renamed(right, sent), also=["A5"])
    if scheme.sig_header:
        yield Mistake("A5", "not-sent", alone=True, also=["A6"], wire=lambda r, s: {
            **r, "headers": [h for h in r["headers"] if h[0] != scheme.sig_header]})


def renamed(right, sent):
    return lambda r, s: {**r, "headers": [[sent if h[0] == right else h[0], h[1]] for h in r["headers"]]}


def mistakes(scheme):
    uses, out = scheme.uses, []
    if uses & {"query", "url", "pairs_enc"}:
        out += of_query_as_sent("query" in uses)
    if "pairs" in uses:
        out += of_pairs()
    if uses & {"query", "url", "pairs", "pairs_enc"}:
        out += of_any_parameters(scheme)
        out += of_signed_too_much(scheme)
    if uses & {"query", "url", "pairs_enc"}:
        out += of_intermediaries()
    if "method" in uses:
        out += of_method()
    if uses & {"path", "url"}:
        out += of_path(scheme)
    if "path" in uses:
        out += of_path_without_host(scheme)
    if not uses & {"query", "url", "pairs", "pairs_enc"}:
        out += of_query_uncovered()
    if uses & {"url", "host"}:
        out += of_host(scheme)
    if "url" in uses:
        out += of_url()
    if "body" in uses:
        out += of_body()
    elif "json_pairs" not in uses:
        out += of_body_uncovered(scheme)
    out += of_charset()
    if "time" in uses:
        out += of_time(scheme)
    out += of_keys(scheme)
    out += of_hash(scheme)
    out += of_output(scheme)
    out += of_fields(scheme)
    out += scheme.own_mistakes()
    return out
