"""Recipes whose text is a few fields of the request: Coupang, Kaufland, Grip, Seller Center (Falabella)."""
from data import BODY, QUERIES, SECRETS, START
from signing import Call, Scheme, b64, bytesort, compact, moment, request


def calls(host, base, paths, method="GET", **more):
    return [Call(method, path, query, ms=START + 61_000 * i + 411, host=host, base=base, **more)
            for i, (path, query) in enumerate(zip(paths, QUERIES))]


class Coupang(Scheme):
    """date + method + path + query, HMAC-SHA256, hex. Source: developers.coupangcorp.com, "HMAC 서명 생성" (Python, Java)."""
    name, host, secret_name = "coupang", "api-gateway.coupang.com", "secret_key"
    creds = [{"access_key": "8d1f2c3b-0c41-4be0-9f77-5a0e6b1c2d3e", "secret_key": s, "vendor_id": "A00098765"} for s in SECRETS]
    other_cred = {"secret_key": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"}
    uses, order = frozenset({"query", "path", "method", "time"}), ("time", "method", "path", "query")
    sig_header, header_names = "Authorization", {"Authorisation": "Authorization", "X-Authorization": "Authorization"}
    time_forms = {"T4 four-digit-year": lambda t: "20" + t, "T4 without-zone": lambda t: t[:-1],
                  "T4 date-only": lambda t: t[:6], "T4 offset": lambda t: t[:-1] + "+00:00"}

    def samples(self):
        p = "/v2/providers/affiliate_open_api/apis/openapi/v1/products/search"
        s = "/v2/providers/seller_api/apis/api/v1/marketplace/seller-products"
        v = "/v2/providers/openapi/apis/api/v4/vendors/A00098765/"
        ms = START + 500_000
        return calls(self.host, "", [p, s, v + "returnRequests", s + "/a%20b%2Fc/", v + "ordersheets"]) + [
            Call("PUT", v + "returnRequests/1234567/approval", body=compact(BODY), ms=ms, host=self.host,
                 ctype="application/json;charset=UTF-8"),
            Call("POST", "/v2/providers/affiliate_open_api/apis/openapi/v1/deeplink", [("subId", "kr 1")],
                 body='{"coupangUrls":["https://www.coupang.com/np/search?q=good"]}', ms=ms, host=self.host)]

    def ts(self, call): return call.time_as(moment(call.ms).strftime("%y%m%dT%H%M%SZ"))

    def fields(self, view, cred):
        return [("time", self.ts(view)), ("method", view.method), ("path", view.path), ("query", view.raw_query())]

    def wire(self, call, sig, cred):
        return request(call, headers=[
            ["Authorization", f"CEA algorithm=HmacSHA256, access-key={cred['access_key']}, "
                              f"signed-date={self.ts(call)}, signature={sig}"], ["X-Requested-By", cred["vendor_id"]]])

    known = [({"secret_key": "test-secret-key", "access_key": "k", "vendor_id": "A"},
              Call("GET", "/v2/test", [("pageNum", "1"), ("pageSize", "50")], ms=1774595400000),
              "777b8fdb7b3d80bebd1ed7463f68e91fb447c75ef3e066aec3e808bf99b35b06"),
             ({"secret_key": "test-secret-key", "access_key": "test-access-key", "vendor_id": "A00012345"},
              Call("GET", "/v2/providers/openapi/apis/api/v4/vendors/A00012345/returnRequests",
                   [("createdAtFrom", "2018-08-09"), ("createdAtTo", "2018-08-09"), ("status", "UC")], ms=1735787045999),
              "35b2a7c3340b6c33b5ad9214af1f36146221ee2458846a43f5a54ba8e9302a67")]


class Kaufland(Scheme):
    """method, address, body, time, a line each; HMAC-SHA256, hex. Source: sellerapi.kaufland.com/?page=rest-api."""
    name, host, base, secret_name = "kaufland", "sellerapi.kaufland.com", "/v2", "secret_key"
    base_signed, other_hosts = True, ("sellerapi-playground.kaufland.com",)
    creds = [{"client_key": "3a2f9e1c7b5d4860a1c2e3f4b5d60718", "secret_key": s} for s in SECRETS]
    other_cred = {"secret_key": "a7d0cb1da1ddbc86c96ee5fedd341b7d8ebfbb2f5c83cfe0909f4e57f05dd403"}
    uses, seps = frozenset({"url", "method", "body", "time"}), "\n"
    order = ("method", "sep", "url", "sep", "body", "sep", "time")
    sig_header, header_names = "Shop-Signature", {"Shop-Signatur": "Shop-Signature", "X-Shop-Timestamp": "Shop-Timestamp"}
    time_forms = {"T3 milliseconds": lambda t: t + "000", "T4 fraction": lambda t: t + ".0"}

    def samples(self):
        ms = START + 700_000
        return calls(self.host, self.base, ["/units", "/products/search/", "/orders", "/units/a%20b%2Fc", "/info/storefront"]) + [
            Call("PATCH", "/units/48215/", [("storefront", "de")], body=compact(BODY), ms=ms, host=self.host, base=self.base),
            Call("POST", "/units", body=compact({"ean": "4006381333931", "note": "für Ä/ß", "price": 2.50}), ms=ms, host=self.host,
                 base=self.base),
            Call("GET", "/info/locale", ms=ms, host=self.host, base=self.base)]

    def fields(self, view, cred):
        return [("method", view.method), ("sep", "\n"), ("url", view.url()), ("sep", "\n"), ("body", view.body or ""),
                ("sep", "\n"), ("time", self.ts(view))]

    def wire(self, call, sig, cred):
        return request(call, headers=[["Shop-Client-Key", cred["client_key"]], ["Shop-Timestamp", self.ts(call)],
                                      ["Shop-Signature", sig], ["User-Agent", "Case/1.0"]])

    known = [({"client_key": "x", "secret_key": "a7d0cb1da1ddbc86c96ee5fedd341b7d8ebfbb2f5c83cfe0909f4e57f05dd403"},
              Call("POST", "/units/", ms=1411055926000, host="sellerapi.kaufland.com", base="/v2"),
              "da0b65f51c0716c1d3fa658b7eaf710583630a762a98c9af8e9b392bd9df2e2a")]


class Grip(Scheme):
    """method blank address LF time LF access key; HMAC-SHA256, base64. Source: gripcorp/grip-seller-apis docs/auth."""
    name, host, secret_name, out = "grip", "seller.grip.show", "secret_key", staticmethod(b64)
    creds = [{"service_id": "case-service", "access_key": "gA7k2Lq9", "secret_key": s} for s in SECRETS]
    other_cred = {"secret_key": "Zm9vYmFyYmF6cXV4MTIzNDU2"}
    uses, seps = frozenset({"query", "path", "method", "time"}), " ?\n"
    order = ("method", "sep", "path", "mark", "query", "sep", "time", "sep", "id")
    sig_header, header_names = "X-Fingerprint", {"X-FingerPrint-Signature": "X-Fingerprint", "X-Access-Key": "X-AccessKey"}
    time_forms, fraction = {"T3 seconds": lambda t: t[:-3], "T4 fraction": lambda t: t[:-3] + "." + t[-3:]}, True

    def samples(self):
        p = "/api/v1/products"
        return calls(self.host, "", [p, p + "/search", "/api/v1/orders/", p + "/a%20b", "/api/v1/reviews"]) + [
            Call("POST", p, body=compact(BODY), ms=START + 800_123, host=self.host),
            Call("PUT", p + "/77", [("notify", "1")], body='{"price":1.0}', ms=START + 800_123, host=self.host)]

    def ts(self, call): return call.time_as(str(call.ms))

    def fields(self, view, cred):
        query = view.raw_query()
        return [("method", view.method), ("sep", " "), ("path", view.path), ("mark", "?" if query else ""), ("query", query),
                ("sep", "\n"), ("time", self.ts(view)), ("sep", "\n"), ("id", cred["access_key"])]

    def wire(self, call, sig, cred):
        return request(call, headers=[["X-ServiceId", cred["service_id"]], ["X-AccessKey", cred["access_key"]],
                                      ["X-Fingerprint", sig], ["X-Fingerprint-Timestamp", self.ts(call)]])

    known = [({"service_id": "grip-service", "access_key": "grip-access-key", "secret_key": "grip-secret-key-for-test"},
              Call("GET", "/api/product", [("searchTarget", "productName"), ("searchQuery", "한강")], ms=1767225600000),
              "1W6ea1qHTEZYoenW/Hp+Yqo4XbWbaRIWWTvaUrcfPzk=")]


class SellerCenter(Scheme):
    """All parameters, encoded and sorted, `k=v&k=v`; HMAC-SHA256, hex. Source: developers.falabella.com, "Signing requests"."""
    name, host, secret_name = "sellercenter", "sellercenter-api.falabella.com", "api_key"
    creds = [{"user_id": "look@me.com", "api_key": s, "format": "JSON"} for s in SECRETS]
    other_cred = {"api_key": "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"}
    uses, order, sorts = frozenset({"pairs_enc", "time"}), ("pairs",), True
    window, system, sig_url = False, ("UserID", "Version", "Format", "Timestamp"), "Signature"
    time_forms = {"T4 Z": lambda t: t.replace("+00:00", "Z"), "T4 without-colon": lambda t: t.replace("+00:00", "+0000"),
                  "T4 date-only": lambda t: t[:10], "T4 fraction": lambda t: t.replace("+", ".000+")}

    def samples(self):
        made = calls(self.host, "", ["/"] * 5)
        for call, action in zip(made, ("GetProducts", "GetOrders", "GetBrands", "GetOrder", "GetCategoryTree")):
            call.query.insert(0, ("Action", action))
        made.append(Call("POST", "/", [("Action", "ProductUpdate")], body="<Request><Sku>a b</Sku></Request>", ctype="text/xml",
                         ms=START + 900_000, host=self.host))
        return made

    def ts(self, call): return call.time_as(moment(call.ms).strftime("%Y-%m-%dT%H:%M:%S+00:00"))

    def pairs(self, call, cred):
        return [("UserID", cred["user_id"]), ("Version", "1.0"), ("Format", cred["format"]), ("Timestamp", self.ts(call))] + call.query

    def fields(self, view, cred):
        return [("pairs", view.raw_query(self.pairs(view, cred), bytesort))]

    def wire(self, call, sig, cred):
        sent = call.copy()
        sent.query = self.pairs(call, cred) + [("Signature", sig)]
        return request(call, url=sent.url())

    known = [({"user_id": "look@me.com", "api_key": "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe", "format": "XML"},
              Call("GET", "/", [("Action", "FeedList")], ms=1435749071000, host=host),
              "3ceb8ed91049dfc718b0d2d176fb2ed0e5fd74f76c5971f34cdab48412476041")]


SCHEMES = [Coupang(), Kaufland(), Grip(), SellerCenter()]
