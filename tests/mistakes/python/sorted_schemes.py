"""Recipes whose text is names and values, sorted, with nothing between: Lazada, AliExpress, Taobao TOP, JD (query and form),
Temu and Pinduoduo (members of a JSON body)."""
import hashlib
import json
from datetime import timedelta, timezone

from data import BODY, QUERIES, SECRETS, START
from signing import Call, Mistake, Scheme, compact, moment, request, setting_of, upper

CHINA = timezone(timedelta(hours=8))


def md5(key, data): return hashlib.md5(data).digest()


class Sorted(Scheme):
    """System parameters stand first in the query, the signature last."""
    sorts, sig_url, out, empties, drop = True, "sign", staticmethod(upper), False, ("sign",)

    def system_pairs(self, call, cred): return []
    def before(self, view): return []
    def after(self, view): return []

    def fields(self, view, cred):
        pairs = self.system_pairs(view, cred) + view.query + (view.form or [])
        return self.before(view) + [("pairs", view.concat(pairs, self.drop, self.empties))] + self.after(view)

    def wire(self, call, sig, cred):
        sent = call.copy()
        sent.query = self.system_pairs(call, cred) + call.query + [(self.sig_url, sig)]
        return request(call, url=sent.url())


def shop_calls(host, base, paths, extra=lambda i: []):
    made = [Call("GET" if i % 2 else "POST", path, list(extra(i)) + query, ms=START + 61_000 * i + 411, host=host, base=base)
            for i, (path, query) in enumerate(zip(paths, QUERIES))]
    made.append(Call("POST", paths[0], list(extra(5)), form=QUERIES[0] + [("payload", compact(BODY))], ms=START + 600_007,
                     host=host, base=base))
    return made


class Lazada(Sorted):
    """path without /rest + sorted + JSON body; HMAC-SHA256, upper-case hex. Source: open.lazada.com docs 108068 and 108069."""
    name, host, base, secret_name = "lazada", "api.lazada.sg", "/rest", "app_secret"
    creds = [{"app_key": "104417", "app_secret": s} for s in SECRETS]
    token, other_cred = {"access_token": "50000600301dPq1c7d9a8bTfUvXy"}, {"app_secret": "Hk3vQ9xWm2TzLr8bYc5NfPs1Dg7Ja4Ue"}
    uses, order = frozenset({"pairs", "path", "time", "body"}), ("path", "pairs", "body")
    system, fraction = ("app_key", "timestamp", "sign_method", "access_token"), True
    time_forms = {"T3 seconds": lambda t: t[:-3], "T4 fraction": lambda t: t[:-3] + "." + t[-3:]}
    known = [({"app_key": "123456", "app_secret": "helloworld", "access_token": "test"},
              Call("GET", "/order/get", [("order_id", "1234")], ms=1517820392000),
              "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A")]

    def samples(self):
        paths = ["/products/get", "/orders/get", "/order/items/get", "/product/price_quantity/update", "/category/tree/get"]
        return shop_calls(self.host, self.base, paths) + [
            Call("POST", "/product/update", [("lang", "ko")], body=compact(BODY), ms=START + 650_000, host=self.host, base=self.base)]

    def ts(self, call): return call.time_as(str(call.ms))

    def system_pairs(self, call, cred):
        return [("app_key", cred["app_key"]), ("timestamp", self.ts(call)), ("sign_method", "sha256"),
                ("access_token", cred["access_token"])]

    def before(self, view): return [("path", view.path)]
    def after(self, view): return [("body", view.body or "")]


class AliExpress(Lazada):
    """/sync: sorted pairs only. HMAC-SHA256, upper-case hex. Source: openservice.aliexpress.com docId 1385."""
    name, host, base = "aliexpress", "api-sg.aliexpress.com", ""
    creds = [{"app_key": "512345", "app_secret": s, "sign_method": "sha256"} for s in SECRETS]
    token = {"access_token": "50000401b11hTfUvXy7d9a8b"}
    uses, order = frozenset({"pairs", "time"}), ("pairs",)
    known = [({"app_key": "123456", "app_secret": "helloworld", "access_token": "test"},
              Call("POST", "/sync", [("method", "aliexpress.logistics.redefining.getonlinelogisticsinfo"),
                                     ("aliexpress_category_id", "200135143")], ms=1517820392000),
              "F7F7926B67316C9D1E8E15F7E66940ED3059B1638C497D77973F30046EFB5BBB")]

    def samples(self):
        names = ["solution.order.get", "offer.product.query", "logistics.query", "solution.product.edit", "category.get", "order.fulfill"]
        return shop_calls(self.host, self.base, ["/sync"] * 5, lambda i: [("method", "aliexpress." + names[i])])

    def before(self, view): return []
    def after(self, view): return []

    def own_mistakes(self):
        path = lambda f, c: [("path", c.path)] + f
        yield Mistake("H3", "path-first", fields=path, also=["P1", "P2", "L4", "P3"])
        yield Mistake("H3", "top-md5", mac=lambda k, d: hashlib.md5(k + d + k).digest(), also=["H2", "H1+H2", "H1"])


class Top(Sorted):
    """secret + sorted + secret, MD5, upper-case hex. Source: open.taobao.com docs articleId 101617 (its sample signature)."""
    name, host, secret_name, hash_name = "taobao-top", "gw.api.taobao.com", "app_secret", "md5"
    is_hmac, wraps, mac = False, True, staticmethod(md5)
    creds = [{"app_key": "12345678", "app_secret": s, "session": "6100e24f1c7d9a8b", "sign_method": "md5"} for s in SECRETS]
    other_cred = {"app_secret": "0c8f7a6e5d4b3c2a1f0e9d8c7b6a5f4e"}
    uses, order = frozenset({"pairs", "time"}), ("pairs",)
    system = ("app_key", "timestamp", "format", "v", "sign_method", "session")
    time_forms = {"T4 iso": lambda t: t.replace(" ", "T"), "T4 date-only": lambda t: t[:10], "T4 fraction": lambda t: t + ".000"}
    known = [({"app_key": "12345678", "app_secret": "helloworld", "session": "test", "sign_method": "md5"},
              Call("GET", "/router/rest", [("method", "taobao.item.seller.get"), ("fields", "num_iid,title,nick,price,num"),
                                           ("num_iid", "11223344")], ms=1451620800000), "66987CB115214E59E6EC978214934FB8")]

    def samples(self):
        names = ["item.seller.get", "items.onsale.get", "trades.sold.get", "item.update", "shopcats.list.get", "item.add"]
        return shop_calls(self.host, self.base, ["/router/rest"] * 5, lambda i: [("method", "taobao." + names[i])])

    def ts(self, call): return call.time_as(moment(call.ms, CHINA).strftime("%Y-%m-%d %H:%M:%S"))

    def system_pairs(self, call, cred):
        return [("app_key", cred["app_key"]), ("timestamp", self.ts(call)), ("format", "json"), ("v", "2.0"),
                ("sign_method", cred["sign_method"]), ("session", cred["session"])]


class Jd(Sorted):
    """secret + sorted + secret, MD5, upper-case hex; business parameters are one JSON text. Source: open.jd.com listId=2643."""
    name, host, secret_name, hash_name = "jd", "api.jd.com", "app_secret", "md5"
    is_hmac, wraps, mac, empties, fraction = False, True, staticmethod(md5), True, True
    creds = [{"app_key": "B94D2E5F7A61", "app_secret": s, "access_token": "8c1f0e5d7a2b4930"} for s in SECRETS]
    other_cred = {"app_secret": "7a6e5d4b3c2a1f0e9d8c7b6a5f4e0c8f"}
    uses, order = frozenset({"pairs", "time"}), ("pairs",)
    system = ("app_key", "timestamp", "v", "access_token")
    time_forms = {"T4 without-fraction": lambda t: t[:19] + t[23:], "T4 without-zone": lambda t: t[:-5],
                  "T4 colon-in-zone": lambda t: t[:-2] + ":" + t[-2:]}
    known = [({"app_key": "yourappkey", "app_secret": "yourappSecret", "access_token": "yourtoken"},
              Call("POST", "/routerjson", [
                  ("method", "jingdong.pop.order.search"),
                  ("360buy_param_json", '{"end_date":null,"optional_fields":null,"order_state":"WAIT_SELLER_STOCK_OUT","page":"1",'
                                        '"page_size":"200","start_date":null}')], ms=1620350439683),
              "D70825340F4084360B9362B60DFD7930")]

    def samples(self):
        texts = [compact(dict(q)) for q in QUERIES] + [compact(BODY)]
        return [Call("POST" if i else "GET", "/routerjson", [("method", "jingdong.pop.order.search")] + (
                    [("360buy_param_json", t)] if i % 2 == 0 else []) + ([("remark", "")] if i == 2 else []),
                     form=[("360buy_param_json", t)] if i % 2 else None, ms=START + 61_000 * i + 683, host=self.host)
                for i, t in enumerate(texts)]

    def ts(self, call): return call.time_as(moment(call.ms, CHINA).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "+0800")

    def system_pairs(self, call, cred):
        return [("app_key", cred["app_key"]), ("timestamp", self.ts(call)), ("v", "2.0"), ("access_token", cred["access_token"])]

    def own_mistakes(self):
        def rewritten(write):
            return setting_of(lambda v: v.pair_hooks.append(lambda pairs: [
                (n, write(json.loads(x)) if n == "360buy_param_json" else x) for n, x in pairs]))
        yield Mistake("B1", "json-text-dumps", view=rewritten(lambda v: json.dumps(v)), also=["Q13"])
        yield Mistake("B1", "json-text-sorted", view=rewritten(
            lambda v: json.dumps(v, ensure_ascii=False, sort_keys=True, separators=(",", ":"))), also=["Q13"])
        yield Mistake("B1", "json-text-print", view=rewritten(str), also=["Q13"])


def text_of(value, write=compact):
    """A member of a JSON body as it stands in the text."""
    return value if isinstance(value, str) else write(value)


class JsonBody(Sorted):
    is_hmac, wraps, mac, hash_name, empties = False, True, staticmethod(md5), "md5", True
    uses, order, sig_url = frozenset({"pairs", "json_pairs", "time"}), ("pairs",), None
    paths = "/router"

    def fields(self, view, cred):
        members = self.system_pairs(view, cred) + view.members
        write = getattr(view, "write", compact)
        return [("pairs", view.concat([(n, text_of(v, write)) for n, v in members], self.drop, self.empties))]

    def body(self, call, sig, cred):
        members = dict(self.system_members(call, cred) + call.members + [("sign", sig)])
        return compact(members)

    def system_members(self, call, cred): return self.system_pairs(call, cred)

    def wire(self, call, sig, cred): return request(call, body=self.body(call, sig, cred))

    def samples(self):
        nested = [[("goods", {"id": 601099548666279, "name": "무선 이어폰", "url": "https://a.kr/x"}), ("page", 1)],
                  [("list", [{"b": 1.0, "a": "x y"}, {"c": {}}]), ("note", " x "), ("rate", 2.5)],
                  [("q", "a*b~c, d/e"), ("on", True), ("off", False), ("empty", "")],
                  [("B", "2"), ("b", "1"), ("a10", 10), ("a2", "2"), ("price", "1.0"), ("count", 0), ("charset", "UTF-8")],
                  [("mail", "kim@a.kr"), ("tags", ["<b>", "a&b"]), ("name", "최")]]
        return [Call("POST", self.path, members=[("type", f"{self.prefix}.goods.list.get")] + m, ms=START + 61_000 * i + 411,
                     host=self.host, base=self.base) for i, m in enumerate(nested)]

    def own_mistakes(self):
        writes = {"json-dumps": json.dumps, "escaped-unicode": lambda v: json.dumps(v, separators=(",", ":")),
                  "unicode-with-blanks": lambda v: json.dumps(v, ensure_ascii=False), "print": str,
                  "sorted-keys": lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
                  "escaped-slashes": lambda v: compact(v).replace("/", "\\/"),
                  "html-escapes": lambda v: compact(v).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")}
        for name, write in writes.items():
            yield Mistake("B1", name, view=setting_of(lambda v, w=write: setattr(v, "write", w)), also=["Q13"])


class Temu(JsonBody):
    """secret + sorted members + secret, MD5, upper-case hex. Source: opastorello/temu-api-docs 04-signature-method."""
    name, host, base, path, secret_name, prefix = "temu", "openapi-b-us.temu.com", "/openapi", "/router", "app_secret", "bg"
    creds = [{"app_key": "f9d5cc9313893a20", "app_secret": s, "access_token": "2nifvmpyymvypwmcms5ct4uq"} for s in SECRETS]
    other_cred = {"app_secret": "c7e0a1a63542be4de3cb5488f9fba8149e8fc290"}
    system = ("app_key", "access_token", "data_type", "timestamp")
    time_forms = {"T3 milliseconds": lambda t: t + "000"}
    known = [({"app_key": "f9d5cc9313893a20d5aa85c654e8f503", "app_secret": "c7e0a1a63542be4de3cb5488f9fba8149e8fc290",
               "access_token": "2nifvmpyymvypwmcms5ct4uqqudrwgpmzbcnmkt1jzjkuaf3x56iixym"},
              Call("POST", "/router", ms=1711009072000, members=[
                  ("type", "bg.logistics.shipment.confirm"), ("sendRequestList", [{
                      "orderSendInfoList": [{"quantity": 1, "orderSn": "211-21905473070712792",
                                             "parentOrderSn": "PO-211-21905452099192792", "goodsId": 601099548666279,
                                             "skuId": 17592352673534}],
                      "carrierId": "699272611", "trackingNumber": "270324232756"}]), ("sendType", 0)]),
              "4CCF219942D4180C6DDA3CE36C1B838F")]

    def system_pairs(self, call, cred):
        return [("app_key", cred["app_key"]), ("access_token", cred["access_token"]), ("data_type", "JSON"), ("timestamp", self.ts(call))]


class Pinduoduo(JsonBody):
    """secret + sorted members + secret, MD5, upper-case hex. Source: open.pinduoduo.com document 8EC06C399636041E."""
    window = False
    name, host, path, secret_name, prefix = "pinduoduo", "gw-api.pinduoduo.com", "/api/router", "client_secret", "pdd"
    creds = [{"client_id": "6a1c0e5d7b2f", "client_secret": s, "access_token": "asd78172s8ds9a921j9qqwda"} for s in SECRETS]
    other_cred = {"client_secret": "d4b3c2a1f0e9d8c7b6a5f4e0c8f7a6e5"}
    system = ("client_id", "timestamp", "access_token")
    time_forms = {"T3 milliseconds": lambda t: t + "000"}
    known = [({"client_id": "1", "client_secret": "testSecret", "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211"},
              Call("POST", "/api/router", ms=1480411125000, members=[
                  ("type", "pdd.order.number.list.get"), ("data_type", "XML"), ("order_status", "1"), ("page", "1"),
                  ("page_size", "10")]), "E4DE3ED21002510DED352819E7AE6775")]

    def system_pairs(self, call, cred):
        return [("client_id", cred["client_id"]), ("timestamp", self.ts(call)), ("access_token", cred["access_token"])]


SCHEMES = [Lazada(), AliExpress(), Top(), Jd(), Temu(), Pinduoduo()]
