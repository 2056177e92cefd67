// Reads a shop's name from Shopee: the program under test, which signs by itself.
const { createHmac } = require("node:crypto");

const PATH = "/api/v2/shop/get_shop_info";

class Shop {
  constructor(baseUrl, keys) {
    this.baseUrl = baseUrl;
    this.keys = keys;
  }

  async name() {
    const { partner_id, partner_key, shop_id, access_token } = this.keys;
    const timestamp = Math.floor(Date.now() / 1000);
    const text = `${partner_id}${PATH}${timestamp}${access_token}${shop_id}`;
    const sign = createHmac("sha256", partner_key).update(text).digest("hex");
    const query = new URLSearchParams({ partner_id, timestamp, access_token, shop_id, sign });
    const response = await fetch(`${this.baseUrl}${PATH}?${query}`);
    const body = await response.json();
    if (!response.ok) {
      throw new Error(`${response.status} ${body.error}: ${body.message}`);
    }
    return body.shop_name;
  }
}

module.exports = { Shop };
