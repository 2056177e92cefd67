"""Libraries for marketplaces of Europe and the Americas, one function each. `expected.txt` says what is expected."""

from driver import BASE, ORIGIN, WRONG, at, call, client, code_of, control, key, redirect


@client("python-kaufland-api")
def kaufland():
    from kaufland.api import Orders, Units

    def keys(secret=key("KAUFLAND__SECRET_KEY")):
        return {"client_key": key("KAUFLAND__CLIENT_KEY"), "secret_key": secret, "endpoint": BASE}

    with call("orders", {"data": []}):
        Orders(**keys()).get_orders(limit=10, storefront="de")
    with call("orders-with-blanks-and-signs", {"data": []}):
        Orders(**keys()).get_orders(ts_created_from_iso="2026-11-01T00:00:00+01:00", q="a b&c/ü")
    with call("create-unit", {"data": {}}):
        Units(**keys()).create_unit(storefront="de", body={"ean": "1", "note": "ü/ 가"})
    with call("delete-unit", {"data": {}}):
        Units(**keys()).delete_unit("1", storefront="de")
    with call("wrong-secret"):
        Orders(**keys(WRONG)).get_orders(limit=10)
    with call("unknown-key"):
        Orders(**{**keys(), "client_key": "no-key-of-anyone"}).get_orders(limit=10)
    with call("stale"), at(-3600):
        Orders(**keys()).get_orders(limit=10)


@client("ozon-api")
async def ozon():
    from ozon_api import OzonAPI

    def sdk(secret=key("OZON__API_KEY")):
        made = OzonAPI(key("OZON__CLIENT_ID"), secret)
        made.api_url = BASE
        return made

    async with sdk() as api:
        with call("products", {"result": {"items": [], "total": 0, "last_id": ""}}):
            await api._request("post", "v3", "product/list", {"filter": {}, "limit": 10})
        with call("get"):
            await api._request("get", "v1", "actions")
    async with sdk(WRONG) as api:
        with call("wrong-secret"):
            await api._request("post", "v3", "product/list", {"filter": {}})


@client("wbsdk")
def wildberries():
    import wbsdk

    def sdk(token=key("WILDBERRIES__TOKEN")):
        services = ["content", "marketplace", "common", "statistics"]
        return wbsdk.WBClient(
            token, base_urls={service: BASE for service in services}, retry_attempts=1
        )

    with call("ping"):
        sdk().general.ping()
    with call("wrong-token"):
        sdk("no-token-of-anyone").general.ping()


@client("trendyol-api-python-sdk")
def trendyol():
    from trendyol_sdk.api import TrendyolApiClient
    from trendyol_sdk.services import OrderIntegrationService, ProductIntegrationService

    def service(kind=ProductIntegrationService, secret=key("TRENDYOL__API_SECRET")):
        made = kind(TrendyolApiClient(key("TRENDYOL__API_KEY"), secret, key("TRENDYOL__SELLER_ID")))
        made.base_url = BASE + "/"
        return made

    with call("products"):
        service().get_products({"page": 0, "barcode": "ü a+b"})
    with call("update-price"):
        service().update_price_and_stock([{"barcode": "1", "salePrice": 9.5}])
    with call("orders"):
        service(OrderIntegrationService).get_shipment_packages({"status": "Created"})
    with call("wrong-secret"):
        service(secret=WRONG).get_products({"page": 0})


@client("bol")
def bol():
    redirect()
    from bol.client import Client

    with call("token", {"orders": []}):
        Client(key("BOL__CLIENT_ID"), key("BOL__CLIENT_SECRET"))
    with call("wrong-secret"):
        Client(key("BOL__CLIENT_ID"), WRONG)


@client("bigcommerce")
def bigcommerce():
    redirect()
    import bigcommerce.api

    def sdk(token=key("BIGCOMMERCE__ACCESS_TOKEN")):
        return bigcommerce.api.BigcommerceApi(
            client_id="client", store_hash=key("BIGCOMMERCE__STORE_HASH"), access_token=token
        )

    with call("products", []):
        sdk().Products.all(limit=5, keyword="a b+c")
    with call("create", {"id": 1}):
        sdk().Products.create(name="ü", price=1)
    with call("wrong-token"):
        sdk("no-token-of-anyone").Products.all()


@client("mercadolibre-python")
def mercado_libre():
    from mercadolibre.client import Client

    Client.BASE_URL = BASE

    def sdk(token=key("MERCADO_LIBRE__ACCESS_TOKEN")):
        made = Client(key("MERCADO_LIBRE__CLIENT_ID"), key("MERCADO_LIBRE__CLIENT_SECRET"))
        made.set_token({"access_token": token, "expires_in": 3600, "refresh_token": "x", "user_id": 1})
        return made

    with call("me", {"id": 1}):
        sdk().me()
    with call("wrong-token"):
        sdk("no-token-of-anyone").me()
    with call("unknown-code"):
        sdk().exchange_code("https://example.com/back", "no-code")


def amazon_keys():
    """A refresh token comes from an authorization; the code from the page of the link."""
    import json
    import urllib.parse
    import urllib.request

    link = f"{ORIGIN}/apps/authorize/consent?application_id={key('AMAZON_SP_API__APPLICATION_ID')}&state=s"
    link += "&version=beta&redirect_uri=https%3A%2F%2Fexample.com%2Fback"
    form = {
        "grant_type": "authorization_code",
        "code": code_of(link, "spapi_oauth_code"),
        "client_id": key("AMAZON_SP_API__CLIENT_ID"),
        "client_secret": key("AMAZON_SP_API__CLIENT_SECRET"),
    }
    body = urllib.parse.urlencode(form).encode()
    issued = json.load(urllib.request.urlopen(ORIGIN + "/auth/o2/token", body))
    return issued["refresh_token"]


@client("python-amazon-sp-api")
def amazon_sp_api():
    redirect()
    from sp_api.api import Orders
    from sp_api.base import Marketplaces

    with call("sign-in"):
        refresh = amazon_keys()

    def sdk(secret=key("AMAZON_SP_API__CLIENT_SECRET"), refresh=refresh):
        credentials = {
            "refresh_token": refresh,
            "lwa_app_id": key("AMAZON_SP_API__CLIENT_ID"),
            "lwa_client_secret": secret,
        }
        return Orders(credentials=credentials, marketplace=Marketplaces.US)

    with call("wrong-secret"):
        sdk(WRONG).get_orders(CreatedAfter="2026-11-01T00:00:00Z")
    with call("wrong-refresh-token"):
        sdk(refresh="Atzr|nobody").get_orders(CreatedAfter="2026-11-01T00:00:00Z")
    with call("orders", {"payload": {"Orders": []}}):
        sdk().get_orders(CreatedAfter="2026-11-01T00:00:00Z", OrderStatuses=["Unshipped", "Shipped"])
    with call("order", {"payload": {}}):
        sdk().get_order("111-1111111-1111111")
    with call("expired-token"):
        control("expire?what=access")
        sdk().get_order("111-1111111-1111111")


@client("amzn-sp-api")
def amazon_official():
    from spapi.api.orders_v0.orders_v0_api import OrdersV0Api
    from spapi.auth.credentials import SPAPIConfig
    from spapi.client import SPAPIClient

    with call("sign-in"):
        refresh = amazon_keys()

    def sdk(secret=key("AMAZON_SP_API__CLIENT_SECRET")):
        config = SPAPIConfig(
            client_id=key("AMAZON_SP_API__CLIENT_ID"),
            client_secret=secret,
            refresh_token=refresh,
            region="NA",
        )
        made = SPAPIClient(config, oauth_endpoint=ORIGIN + "/auth/o2/token", endpoint=ORIGIN)
        return OrdersV0Api(made.api_client)

    with call("orders", {"payload": {"Orders": []}}):
        sdk().get_orders(["ATVPDKIKX0DER"], created_after="2026-11-01T00:00:00Z")
    with call("order", {"payload": {}}):
        sdk().get_order("111-1111111-1111111")
    with call("wrong-secret"):
        sdk(WRONG).get_orders(["ATVPDKIKX0DER"])


@client("cdiscount-api-client")
def octopia():
    redirect()
    from cdiscount_api_client.client import CdiscountClient

    def sdk(secret=key("OCTOPIA__CLIENT_SECRET"), seller=key("OCTOPIA__SELLER_ID")):
        return CdiscountClient(key("OCTOPIA__CLIENT_ID"), secret, seller)

    with call("orders", {"items": []}):
        sdk().orders.fetch_list({"pageSize": 5})
    with call("stocks", {"items": []}):
        sdk().stocks.fetch_list()
    with call("wrong-secret"):
        sdk(WRONG)


@client("allegro-api")
def allegro():
    from allegro_api.client import AllegroAPI

    AllegroAPI.API_BASE_URL = ORIGIN + "/"

    def sdk(token=key("ALLEGRO__ACCESS_TOKEN")):
        return AllegroAPI(
            key("ALLEGRO__CLIENT_ID"), key("ALLEGRO__CLIENT_SECRET"), access_token=token
        )

    with call("me", {"id": "1"}):
        sdk().user.get_me()
    with call("orders", {"checkoutForms": []}):
        sdk().get("order/checkout-forms", params={"limit": 5, "status": "a b"})
    with call("wrong-token"):
        sdk("no-token-of-anyone").user.get_me()


@client("etsyv3")
def etsy():
    import datetime

    redirect()
    from etsyv3 import EtsyAPI

    def sdk(token=key("ETSY__ACCESS_TOKEN")):
        api_key = f"{key('ETSY__KEYSTRING')}:{key('ETSY__SHARED_SECRET')}"
        never = datetime.datetime.now() + datetime.timedelta(days=1)
        return EtsyAPI(api_key, token, "x", never)

    with call("shop", {"shop_id": 1}):
        sdk().get_shop(1)
    with call("listings", {"results": []}):
        sdk().get_listings_by_shop(1)
    with call("wrong-token"):
        sdk("1.no-token-of-anyone").get_shop(1)


@client("woocommerce")
def woocommerce():
    redirect()
    import woocommerce

    def sdk(secret=key("WOOCOMMERCE__CONSUMER_SECRET"), **more):
        url = "https://" + key("WOOCOMMERCE__STORE")
        return woocommerce.API(url, key("WOOCOMMERCE__CONSUMER_KEY"), secret, **more)

    with call("products", []):
        sdk().get("products", params={"per_page": 5, "search": "ü a+b&c"})
    with call("create", {"id": 1}):
        sdk().post("products", {"name": "ü"})
    with call("delete", {}):
        sdk().delete("products/1", params={"force": True})
    with call("query-string", []):
        sdk(query_string_auth=True).get("products")
    with call("wrong-secret"):
        sdk(WRONG).get("products")


@client("ShopifyAPI")
def shopify():
    import shopify

    shopify.Session.protocol = "http"
    shopify.Session.__init__.__globals__["Session"].port = None

    def use(token=key("SHOPIFY__ACCESS_TOKEN")):
        session = shopify.Session("sandbox-shop.myshopify.com", "2025-01", token)
        shopify.ShopifyResource.activate_session(session)
        shopify.ShopifyResource.site = ORIGIN + "/admin/api/2025-01"

    use()
    with call("products", {"products": []}):
        shopify.Product.find(limit=5, title="ü a+b")
    with call("shop", {"shop": {"id": 1}}):
        shopify.Shop.current()
    with call("create", {"product": {"id": 1}}):
        shopify.Product.create({"title": "ü"})
    use("no-token-of-anyone")
    with call("wrong-token"):
        shopify.Product.find(limit=5)


@client("basic-shopify-api")
def basic_shopify():
    redirect()
    from basic_shopify_api import Client, Options, Session

    def sdk(token=key("SHOPIFY__ACCESS_TOKEN")):
        options = Options()
        options.max_retries = 0
        return Client(Session("sandbox-shop.myshopify.com", key="k", password=token), options)

    with call("products", {"products": []}):
        with sdk() as api:
            api.rest("get", "/admin/api/products.json", {"limit": 5})
    with call("graphql", {"data": {}}):
        with sdk() as api:
            api.graphql("{ shop { name } }")
    with call("wrong-token"):
        with sdk("no-token-of-anyone") as api:
            api.rest("get", "/admin/api/products.json")


@client("python-walmart")
def walmart():
    redirect()
    from walmart import Walmart

    def sdk(secret=key("WALMART__CLIENT_SECRET")):
        return Walmart(key("WALMART__CLIENT_ID"), secret)

    with call("items", {"ItemResponse": []}):
        sdk().items.all(limit=5)
    with call("inventory", {}):
        sdk().inventory.update_inventory("sku 1", 5)
    with call("expired-token", {}):
        made = sdk()
        control("expire?what=access")
        made.items.all(limit=5)
    with call("wrong-secret"):
        sdk(WRONG)
