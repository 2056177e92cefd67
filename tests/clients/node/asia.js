// Libraries for marketplaces of Asia, one function each. `expected.txt` says what is expected.
'use strict';

const { ORIGIN, BASE, WRONG, load, loadModule, key, call, control, at, redirect, codeOf } =
  require.main.exports;

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff]);

exports['@congminh1254/shopee-sdk'] = async () => {
  const { ShopeeSDK } = await loadModule('@congminh1254/shopee-sdk');
  const done = { error: '', message: '', request_id: '1', response: {} };
  const sdk = async (changed = {}, token = key('SHOPEE__ACCESS_TOKEN')) => {
    const storage = new Map();
    const made = new ShopeeSDK(
      {
        partner_id: Number(key('SHOPEE__PARTNER_ID')),
        partner_key: key('SHOPEE__PARTNER_KEY'),
        shop_id: Number(key('SHOPEE__SHOP_ID')),
        base_url: `${BASE}/api/v2`,
        base_auth_url: `${BASE}/auth`,
        ...changed,
      },
      {
        store: async (given) => storage.set('token', given),
        get: async () => storage.get('token'),
        clear: async () => storage.clear(),
      },
    );
    if (token) {
      const expired_at = Date.now() + 3_600_000;
      const shop_id = Number(key('SHOPEE__SHOP_ID'));
      storage.set('token', { access_token: token, refresh_token: 'x', shop_id, expired_at });
    }
    return made;
  };
  await call('shop-info', done, async () => (await sdk()).shop.getShopInfo());
  await call('orders', done, async () =>
    (await sdk()).order.getOrderList({
      time_range_field: 'create_time',
      time_from: 1,
      time_to: 2,
      page_size: 20,
    }),
  );
  await call('order-detail', done, async () =>
    (await sdk()).order.getOrderDetail({ order_sn_list: ['A1', 'B 2'] }),
  );
  await call('update-price', done, async () =>
    (await sdk()).product.updatePrice({ item_id: 1, price_list: [{ original_price: 9.5 }] }),
  );
  await call('upload-image', done, async () =>
    (await sdk()).mediaSpace.uploadImage({ image: PNG }),
  );
  await call('exchange-and-call', done, async () => {
    const mine = await sdk({}, null);
    const code = await codeOf(mine.getAuthorizationUrl('https://example.com/back'));
    await mine.authenticateWithCode(code, Number(key('SHOPEE__SHOP_ID')));
    await mine.shop.getShopInfo();
    await mine.refreshToken(Number(key('SHOPEE__SHOP_ID')));
    await mine.shop.getShopInfo();
  });
  await call('expired-token', done, async () => {
    const mine = await sdk({}, null);
    const code = await codeOf(mine.getAuthorizationUrl('https://example.com/back'));
    await mine.authenticateWithCode(code, Number(key('SHOPEE__SHOP_ID')));
    await control('expire?what=access');
    await mine.shop.getShopInfo();
  });
  // The printed tokens have ended, too, and the next library uses them.
  await control('reset');
  await call('wrong-secret', done, async () => (await sdk({ partner_key: WRONG })).shop.getShopInfo());
  await call('wrong-token', done, async () => (await sdk({}, 'no-token')).shop.getShopInfo());
  await call('stale', done, async () => at(-3600, async () => (await sdk()).shop.getShopInfo()));
};

exports['shopee-openapi-v2'] = async () => {
  redirect();
  const { ShopeeOpenApi, default: made } = load('shopee-openapi-v2');
  const sdk = ShopeeOpenApi ? new ShopeeOpenApi() : made;
  const config = (partner_key = key('SHOPEE__PARTNER_KEY')) =>
    sdk.setAppConfig({ partner_id: key('SHOPEE__PARTNER_ID'), partner_key, is_dev: false });
  const mine = (token = key('SHOPEE__ACCESS_TOKEN')) => ({
    access_token: token,
    shop_id: Number(key('SHOPEE__SHOP_ID')),
  });
  config();
  await call('shop-info', {}, () => sdk.shop.getShopInfo(mine()));
  await call('orders', {}, () =>
    sdk.order.getOrderList({ ...mine(), time_range_field: 'create_time', page_size: 20 }),
  );
  await call('wrong-token', {}, () => sdk.shop.getShopInfo(mine('no-token')));
  await call('stale', {}, () => at(-3600, () => sdk.shop.getShopInfo(mine())));
  config(WRONG);
  await call('wrong-secret', {}, () => sdk.shop.getShopInfo(mine()));
};

exports['lazada-open-platform-sdk'] = async () => {
  redirect();
  const LazadaAPI = load('lazada-open-platform-sdk');
  const sdk = (secret = key('LAZADA__APP_SECRET'), token = key('LAZADA__ACCESS_TOKEN')) =>
    new LazadaAPI(key('LAZADA__APP_KEY'), secret, 'SINGAPORE', token);
  const done = { code: '0', data: {} };
  await call('products', done, () => sdk().getProducts({ filter: 'live', limit: 10 }));
  await call('products-with-blanks-and-signs', done, () =>
    sdk().getProducts({ filter: 'live', search: "a b+c&d=e/f~가!'()*" }),
  );
  await call('orders', done, () => sdk().getOrders({ created_after: '2026-11-01T00:00:00+08:00' }));
  await call('update-price', done, () =>
    sdk().updatePriceQuantity({ payload: '<Request><Sku>A 1</Sku></Request>' }),
  );
  await call('wrong-secret', done, () => sdk(WRONG).getProducts({ filter: 'live' }));
  await call('wrong-token', done, () =>
    sdk(key('LAZADA__APP_SECRET'), 'no-token').getProducts({ filter: 'live' }),
  );
  await call('stale', done, () => at(-3 * 3600, () => sdk().getProducts({ filter: 'live' })));
  await call('unknown-code', done, () => sdk().generateAccessToken({ code: 'no-code' }));
};

exports['tiktok-shop-sdk'] = async () => {
  redirect();
  const { TikTokShopSDK } = load('tiktok-shop-sdk');
  const sdk = (changed = {}) => {
    const made = new TikTokShopSDK({
      appKey: key('TIKTOK_SHOP__APP_KEY'),
      appSecret: key('TIKTOK_SHOP__APP_SECRET'),
      baseURL: BASE,
      ...changed,
    });
    made.setAccessToken(changed.token || key('TIKTOK_SHOP__ACCESS_TOKEN'));
    made.setShopCipher(key('TIKTOK_SHOP__SHOP_CIPHER'));
    return made;
  };
  const done = { code: 0, message: 'Success', request_id: '1', data: {} };
  await call('order-detail', done, () => sdk().order.getOrderDetail({ ids: ['1', '2'] }));
  await call('search', done, () =>
    sdk().order.getOrderList({ query: { page_size: 10 }, body: { order_status: 'AWAITING' } }),
  );
  await call('wrong-secret', done, () =>
    sdk({ appSecret: WRONG }).order.getOrderDetail({ ids: ['1'] }),
  );
  await call('wrong-token', done, () => sdk({ token: 'no-token' }).order.getOrderDetail({ ids: ['1'] }));
  await call('stale', done, () => at(-3600, () => sdk().order.getOrderDetail({ ids: ['1'] })));
};

exports['node-taobao-topclient'] = async () => {
  // It sends the time of the machine as that of the marketplace: it is meant for machines in China.
  process.env.TZ = 'Asia/Shanghai';
  const { default: made, TopClient } = load('node-taobao-topclient');
  const Client = TopClient || made;
  const session = key('TAOBAO_TOP__SESSION');
  const sdk = (appsecret = key('TAOBAO_TOP__APP_SECRET')) =>
    new Client({
      appkey: key('TAOBAO_TOP__APP_KEY'),
      appsecret,
      REST_URL: `${ORIGIN}/router/rest`,
    });
  const items = { fields: 'num_iid', q: '女装 a+b&c=d/e' };
  await call('items', {}, () => sdk().execute('taobao.tbk.item.get', { ...items }));
  await call('items-by-get', {}, () => sdk().execute('taobao.tbk.item.get', { ...items }, 'GET'));
  await call('trades', {}, () =>
    sdk().execute('taobao.trades.sold.get', { fields: 'tid', session }),
  );
  await call('wrong-secret', {}, () => sdk(WRONG).execute('taobao.tbk.item.get', { ...items }));
  await call('wrong-session', {}, () =>
    sdk().execute('taobao.trades.sold.get', { fields: 'tid', session: 'nobody' }),
  );
  await call('stale', {}, () =>
    at(-3600, () => sdk().execute('taobao.tbk.item.get', { ...items })),
  );
};

exports.ae_sdk = async () => {
  redirect();
  const { AffiliateClient, DropshipperClient } = load('ae_sdk');
  const init = {
    app_key: key('ALIEXPRESS__APP_KEY'),
    app_secret: key('ALIEXPRESS__APP_SECRET'),
    session: key('ALIEXPRESS__ACCESS_TOKEN'),
  };
  const sdk = (changed = {}) => new DropshipperClient({ ...init, ...changed });
  const product = { product_id: 1, ship_to_country: 'ES', target_currency: 'a b+c' };
  await call('affiliate', {}, () =>
    new AffiliateClient(init).callAPIDirectly('aliexpress.affiliate.product.query', {
      keywords: 'ü a+b&c',
    }),
  );
  await call('product', {}, () => sdk().productDetails(product));
  await call('wrong-secret', {}, () => sdk({ app_secret: WRONG }).productDetails(product));
  await call('wrong-token', {}, () => sdk({ session: 'nobody' }).productDetails(product));
  await call('stale', {}, () => at(-3 * 3600, () => sdk().productDetails(product)));
};
