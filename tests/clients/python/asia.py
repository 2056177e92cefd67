"""Libraries for marketplaces of Asia, one function each. `expected.txt` says what is expected."""

from driver import BASE, ORIGIN, WRONG, at, call, client, key, redirect


@client("lazop-sdk")
def lazop():
    import lazop_sdk

    def sdk(secret=key("LAZADA__APP_SECRET")):
        return lazop_sdk.LazopClient(BASE, key("LAZADA__APP_KEY"), secret)

    def request(path, method="GET", **parameters):
        made = lazop_sdk.LazopRequest(path, method)
        for name, value in parameters.items():
            made.add_api_param(name, value)
        return made

    token = key("LAZADA__ACCESS_TOKEN")
    done = {"code": "0", "data": {}}
    with call("get", done):
        sdk().execute(request("/products/get", filter="live", limit="10"), token)
    with call("get-with-blanks-and-signs", done):
        sdk().execute(request("/products/get", filter="live", search="a b+c&d=e/f~가"), token)
    with call("get-with-time-zone", done):
        sdk().execute(request("/orders/get", created_after="2026-11-01T00:00:00+08:00"), token)
    with call("post-form", done):
        price = "<Request><Product><SellerSku>A 1</SellerSku></Product></Request>"
        sdk().execute(request("/product/price_quantity/update", "POST", payload=price), token)
    with call("upload", done):
        image = request("/image/upload", "POST")
        image.add_file_param("image", ("a.png", b"\x89PNG\x00\xff", "image/png"))
        sdk().execute(image, token)
    with call("wrong-secret"):
        sdk(WRONG).execute(request("/products/get", filter="live"), token)
    with call("wrong-token"):
        sdk().execute(request("/products/get", filter="live"), "no-token-of-anyone")
    with call("no-token"):
        sdk().execute(request("/products/get", filter="live"))
    with call("stale"), at(-3 * 3600):
        sdk().execute(request("/products/get", filter="live"), token)


@client("snowland-shopeeapi")
async def snowland_shopee():
    from snowland_shopeeapi.client import ShopeeClient
    from snowland_shopeeapi.environment import Environment

    Environment.base_url = property(lambda self: BASE)
    partner, shop = key("SHOPEE__PARTNER_ID"), int(key("SHOPEE__SHOP_ID"))
    token = key("SHOPEE__ACCESS_TOKEN")
    done = {"error": "", "message": "", "response": {}}
    async with ShopeeClient(partner, key("SHOPEE__PARTNER_KEY"), enable_retry=False) as sdk:
        with call("shop-info", done):
            await sdk.shop.get_shop_info(token, shop)
        with call("order-detail", done):
            await sdk.request(
                "GET",
                "/api/v2/order/get_order_detail",
                params={"order_sn_list": "A1,B 2", "response_optional_fields": "item_list"},
                access_token=token,
                shop_id=shop,
            )
        with call("update-item", done):
            await sdk.product.update_item(token, shop, 1, {"item_name": "이어폰 a/b"})
        with call("wrong-token"):
            await sdk.shop.get_shop_info("no-token-of-anyone", shop)
        with call("other-shop"):
            await sdk.shop.get_shop_info(token, shop + 1)
        with call("stale"), at(-3600):
            await sdk.shop.get_shop_info(token, shop)
    async with ShopeeClient(partner, WRONG, enable_retry=False) as sdk:
        with call("wrong-secret"):
            await sdk.shop.get_shop_info(token, shop)


@client("OpenPlatformShopeeAPI")
def open_platform_shopee():
    from OpenPlatformShopeeAPI.Shopee import Shopee

    sdk = Shopee()
    sdk.host = BASE
    partner, shop = key("SHOPEE__PARTNER_ID"), key("SHOPEE__SHOP_ID")
    secret, token = key("SHOPEE__PARTNER_KEY").encode(), key("SHOPEE__ACCESS_TOKEN")
    with call("shop-info"):
        sdk.hitApi(partner, shop, secret, "/api/v2/shop/get_shop_info", token)
    with call("order-detail"):
        sdk.hitApi(partner, shop, secret, "/api/v2/order/get_order_detail", token)
    with call("wrong-secret"):
        sdk.hitApi(partner, shop, WRONG.encode(), "/api/v2/shop/get_shop_info", token)
    with call("wrong-token"):
        sdk.hitApi(partner, shop, secret, "/api/v2/shop/get_shop_info", "no-token-of-anyone")
    with call("unknown-code"):
        sdk.get_token_shop_level("no-code", int(partner), secret, int(shop))


@client("tiktok-shop-api")
def tiktok_shop():
    from tiktok_shop_api import TikTokShop, TikTokShopAuth

    def sdk(secret=key("TIKTOK_SHOP__APP_SECRET"), token=key("TIKTOK_SHOP__ACCESS_TOKEN")):
        return TikTokShop(
            app_key=key("TIKTOK_SHOP__APP_KEY"),
            app_secret=secret,
            access_token=token,
            shop_cipher=key("TIKTOK_SHOP__SHOP_CIPHER"),
            base_url=BASE,
        )

    done = {"code": 0, "message": "Success", "request_id": "1", "data": {}}
    with call("shops", done):
        sdk().authorization.get_authorized_shops()
    with call("order-detail", done):
        sdk().orders.get_order_detail(ids=["1", "2"])
    with call("search-with-blanks-and-signs", done):
        send(sdk(), "POST", "/order/202309/orders/search", {"page_token": "a b+c=="}, {"status": "가/b"})
    with call("upload", done):
        upload_image(sdk())
    with call("wrong-secret"):
        sdk(WRONG).authorization.get_authorized_shops()
    with call("wrong-token"):
        sdk(token="no-token-of-anyone").authorization.get_authorized_shops()
    with call("stale"), at(-3600):
        sdk().authorization.get_authorized_shops()
    auth = TikTokShopAuth(
        key("TIKTOK_SHOP__APP_KEY"), key("TIKTOK_SHOP__APP_SECRET"), base_url=ORIGIN
    )
    with call("unknown-code"):
        auth.exchange_code("no-code")


def send(sdk, method, path, query, body):
    """A call that has no function of its own in tiktok-shop-api."""
    return sdk._client.get_httpx_client().request(method, path, params=query, json=body)


def upload_image(sdk):
    sdk._client.get_httpx_client().post(
        "/product/202309/images/upload", files={"data": ("a.png", b"\x89PNG\x00\xff", "image/png")}
    )


@client("PCoupangAPI")
def coupang_partners():
    from pcoupang_api import PCoupangAPI

    def sdk(secret=key("COUPANG__SECRET_KEY")):
        made = PCoupangAPI(key("COUPANG__ACCESS_KEY"), secret)
        made.domain = BASE
        return made

    with call("goldbox"):
        sdk().get_goldbox_offers({})
    with call("goldbox-with-query"):
        sdk().get_goldbox_offers({"subId": "shop1", "imageSize": "512x512"})
    with call("best-category"):
        sdk().get_best_category_products(1016, limit=3)
    with call("deeplink"):
        sdk().create_deeplink(["https://www.coupang.com/np/search?q=이어폰"])
    with call("search-encoded"):
        sdk().search_products("%EC%9D%B4%EC%96%B4%ED%8F%B0", 5)
    with call("search-unencoded"):
        sdk().search_products("무선 이어폰", 5)
    with call("wrong-secret"):
        sdk(WRONG).get_goldbox_offers({})
    with call("stale"), at(-3600):
        sdk().get_goldbox_offers({})


@client("python-coupang")
def coupang_seller():
    from pycoupang.client import CoupangClient

    def sdk(access=key("COUPANG__ACCESS_KEY"), secret=key("COUPANG__SECRET_KEY")):
        return CoupangClient(access, secret, key("COUPANG__VENDOR_ID"), BASE)

    with call("product"):
        sdk().products.get("1234")
    with call("products"):
        sdk().products.list_products(key("COUPANG__VENDOR_ID"), max_per_page=10)
    with call("products-with-blank"):
        sdk().products.list_products(key("COUPANG__VENDOR_ID"), seller_product_name="무선 이어폰")
    with call("create"):
        sdk().products.create({"displayName": "이어폰 a/b"})
    with call("delete"):
        sdk().products.delete("1234")
    with call("wrong-secret"):
        sdk(secret=WRONG).products.get("1234")
    with call("unknown-key"):
        sdk(access="no-key-of-anyone").products.get("1234")
    with call("stale"), at(-3600):
        sdk().products.get("1234")


@client("topsdk")
def taobao():
    import top.api
    from top.api.base import FileItem

    host, port = ORIGIN.removeprefix("http://").split(":")

    def ask(secret=key("TAOBAO_TOP__APP_SECRET"), session=key("TAOBAO_TOP__SESSION"), **fields):
        request = top.api.TbkItemGetRequest(host, int(port))
        request.set_app_info(top.appinfo(key("TAOBAO_TOP__APP_KEY"), secret))
        for name, value in {"fields": "num_iid,title", **fields}.items():
            setattr(request, name, value)
        request.getResponse(session)

    def upload():
        import io

        request = top.api.TopSdkFeedbackUploadRequest(host, int(port))
        request.set_app_info(top.appinfo(key("TAOBAO_TOP__APP_KEY"), key("TAOBAO_TOP__APP_SECRET")))
        request.type, request.content = "1", "a b"
        request.getMultipartParas = lambda: ["image"]
        request.image = FileItem("a.txt", io.BytesIO(b"abc"))
        request.getResponse(key("TAOBAO_TOP__SESSION"))

    with call("items"):
        ask(q="a", page_size=20)
    with call("items-with-blanks-and-signs"):
        ask(q="女装 a+b&c=d/e")
    with call("upload"):
        upload()
    with call("wrong-secret"):
        ask(WRONG)
    with call("wrong-session"):
        ask(session="no-session-of-anyone")
    with call("stale"), at(-3600):
        ask(q="a")


@client("taobaopy")
def taobaopy():
    import time

    from taobaopy.taobao import TaoBaoAPIClient

    # It sends the time of the machine as the marketplace's: it is meant for machines in China.
    import os

    os.environ["TZ"] = "Asia/Shanghai"
    time.tzset()

    def sdk(secret=key("TAOBAO_TOP__APP_SECRET")):
        return TaoBaoAPIClient(
            key("TAOBAO_TOP__APP_KEY"), secret, domain=ORIGIN, retry_count=1
        )

    session = key("TAOBAO_TOP__SESSION")
    with call("items"):
        sdk().tbk_item_get(q="a", fields="num_iid,title")
    with call("trades-with-blanks-and-signs"):
        sdk().trades_sold_get(session=session, fields="tid", buyer_nick="女 a+b&c=d/e")
    with call("wrong-secret"):
        sdk(WRONG).tbk_item_get(q="a", fields="num_iid")
    with call("wrong-session"):
        sdk().trades_sold_get(session="no-session-of-anyone", fields="tid")
    with call("stale"), at(-3600):
        sdk().tbk_item_get(q="a", fields="num_iid")


@client("jd-sdk")
def jd():
    import os
    import time

    os.environ["TZ"] = "Asia/Shanghai"
    time.tzset()
    import jd

    from jd.api.base import RestApi

    host, port = ORIGIN.removeprefix("http://").split(":")

    class Search(RestApi):
        def getapiname(self):
            return "jingdong.pop.order.search"

    def ask(secret=key("JD__APP_SECRET"), token=key("JD__ACCESS_TOKEN"), **fields):
        request = Search(host, int(port))
        request.set_app_info(jd.appinfo(key("JD__APP_KEY"), secret))
        for name, value in fields.items():
            setattr(request, name, value)
        request.getResponse(token)

    with call("orders"):
        ask(order_state="WAIT_SELLER_STOCK_OUT", page="1")
    with call("orders-with-blanks-and-signs"):
        ask(optional_fields="orderId,a b+c&d=e/f")
    with call("wrong-secret"):
        ask(WRONG)
    with call("wrong-token"):
        ask(token="no-token-of-anyone")
    with call("stale"), at(-3600):
        ask(page="1")


@client("ddk")
def pinduoduo():
    import ddk
    from ddk.api import base

    host, port = ORIGIN.removeprefix("http://").split(":")

    class Search(base.RestApi):
        def getapiname(self):
            return "pdd.ddk.goods.search"

    def ask(secret=key("PINDUODUO__CLIENT_SECRET"), token=None, **fields):
        request = Search(host, int(port))
        request.set_app_info(ddk.appinfo(key("PINDUODUO__CLIENT_ID"), secret))
        for name, value in fields.items():
            setattr(request, name, value)
        request.getResponse(token)

    with call("goods"):
        ask(keyword="a", page=1)
    with call("goods-with-blanks-and-signs"):
        ask(keyword="女装 a+b&c=d/e")
    with call("wrong-secret"):
        ask(WRONG, keyword="a")


@client("temu-api")
def temu():
    import temu_api.utils.base_client as temu

    def sdk(secret=key("TEMU__APP_SECRET"), token=key("TEMU__ACCESS_TOKEN")):
        return temu.BaseClient(key("TEMU__APP_KEY"), secret, token, ORIGIN)

    def orders(**more):
        return {"path": "bg.order.list.v2.get", "method": "POST", "pageSize": 10, **more}

    with call("orders"):
        sdk().request(orders(parentOrderStatus=2))
    with call("orders-with-list"):
        sdk().request(orders(parentOrderSnList=["PO-1", "PO-2"]))
    with call("wrong-secret"):
        sdk(WRONG).request(orders())
    with call("wrong-token"):
        sdk(token="no-token-of-anyone").request(orders())
    with call("stale"), at(-3600):
        sdk().request(orders())


@client("rakuten-ws")
def rakuten():
    redirect()
    from rakuten_ws import RakutenWebService

    def sdk(license_key=key("RAKUTEN_RMS__LICENSE_KEY")):
        made = RakutenWebService(
            application_id="1",
            license_key=license_key,
            secret_service=key("RAKUTEN_RMS__SERVICE_SECRET"),
        )
        return made.rms

    with call("item"):
        sdk().item.get(itemUrl="a b+c")
    with call("cabinet"):
        sdk().cabinet.get_folders()
    with call("wrong-key"):
        sdk(WRONG).item.get(itemUrl="1")
