"""Reads a shop's name from Shopee: the program under test, which signs by itself."""

import hashlib
import hmac
import json
import os
import time
import urllib.parse
import urllib.request

PATH = "/api/v2/shop/get_shop_info"


class Shop:
    def __init__(self, base_url, partner_id, partner_key, shop_id, access_token):
        self.base_url = base_url
        self.partner_id = partner_id
        self.partner_key = partner_key
        self.shop_id = shop_id
        self.access_token = access_token

    @classmethod
    def from_environment(cls):
        """For a container: the variables of `ingam sandbox --env-file`."""
        value = os.environ.__getitem__
        return cls(
            os.environ.get("SHOPEE_BASE_URL") or value("INGAM_HOST_SHOPEE"),
            value("INGAM_SHOPEE__PARTNER_ID"),
            value("INGAM_SHOPEE__PARTNER_KEY"),
            value("INGAM_SHOPEE__SHOP_ID"),
            value("INGAM_SHOPEE__ACCESS_TOKEN"),
        )

    def name(self):
        timestamp = str(int(time.time()))
        text = self.partner_id + PATH + timestamp + self.access_token + self.shop_id
        sign = hmac.new(self.partner_key.encode(), text.encode(), hashlib.sha256)
        query = urllib.parse.urlencode({
            "partner_id": self.partner_id,
            "timestamp": timestamp,
            "access_token": self.access_token,
            "shop_id": self.shop_id,
            "sign": sign.hexdigest(),
        })
        with urllib.request.urlopen(f"{self.base_url}{PATH}?{query}") as response:
            return json.load(response)["shop_name"]


if __name__ == "__main__":
    print(Shop.from_environment().name())
