// Libraries for marketplaces of Europe and the Americas, one function each. `expected.txt` says what is expected.
'use strict';

const { ORIGIN, WRONG, load, loadModule, key, call, control, redirect, codeOf } =
  require.main.exports;

/** A refresh token comes from an authorization; the code from the page of the link. */
async function amazonRefreshToken() {
  const link = new URL(`${ORIGIN}/apps/authorize/consent`);
  link.searchParams.set('application_id', key('AMAZON_SP_API__APPLICATION_ID'));
  link.searchParams.set('state', 's');
  link.searchParams.set('redirect_uri', 'https://example.com/back');
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: await codeOf(String(link), 'spapi_oauth_code'),
    client_id: key('AMAZON_SP_API__CLIENT_ID'),
    client_secret: key('AMAZON_SP_API__CLIENT_SECRET'),
  });
  const answer = await fetch(`${ORIGIN}/auth/o2/token`, { method: 'POST', body });
  return (await answer.json()).refresh_token;
}

exports['amazon-sp-api'] = async () => {
  redirect();
  const SellingPartner = load('amazon-sp-api');
  let refresh_token;
  await call('sign-in', {}, async () => {
    refresh_token = await amazonRefreshToken();
  });
  const sdk = (secret = key('AMAZON_SP_API__CLIENT_SECRET'), token = refresh_token) =>
    new (SellingPartner.SellingPartner || SellingPartner)({
      region: 'na',
      refresh_token: token,
      credentials: {
        SELLING_PARTNER_APP_CLIENT_ID: key('AMAZON_SP_API__CLIENT_ID'),
        SELLING_PARTNER_APP_CLIENT_SECRET: secret,
      },
      options: { auto_request_throttled: false },
    });
  const orders = {
    operation: 'getOrders',
    endpoint: 'orders',
    query: { MarketplaceIds: ['ATVPDKIKX0DER'], CreatedAfter: '2026-11-01T00:00:00Z' },
  };
  await call('orders', { payload: { Orders: [] } }, () => sdk().callAPI(orders));
  await call('listing', {}, () =>
    sdk().callAPI({
      operation: 'getListingsItem',
      endpoint: 'listingsItems',
      path: { sellerId: 'A1', sku: 'a b/c' },
      query: { marketplaceIds: ['ATVPDKIKX0DER'] },
    }),
  );
  await call('expired-token', { payload: {} }, async () => {
    const mine = sdk();
    await mine.callAPI(orders);
    await control('expire?what=access');
    await mine.callAPI(orders);
  });
  await call('wrong-secret', {}, () => sdk(WRONG).callAPI(orders));
  await call('wrong-refresh-token', {}, () =>
    sdk(undefined, 'Atzr|nobody').callAPI(orders),
  );
};

exports['@sp-api-sdk/orders-api-v0'] = async () => {
  redirect();
  const { SellingPartnerApiAuth } = await loadModule('@sp-api-sdk/auth');
  const { OrdersApiClient } = await loadModule('@sp-api-sdk/orders-api-v0');
  let refreshToken;
  await call('sign-in', {}, async () => {
    refreshToken = await amazonRefreshToken();
  });
  const sdk = (clientSecret = key('AMAZON_SP_API__CLIENT_SECRET')) =>
    new OrdersApiClient({
      auth: new SellingPartnerApiAuth({
        clientId: key('AMAZON_SP_API__CLIENT_ID'),
        clientSecret,
        refreshToken,
      }),
      region: 'na',
    });
  const orders = { marketplaceIds: ['ATVPDKIKX0DER'], createdAfter: '2026-11-01T00:00:00Z' };
  await call('orders', { payload: { Orders: [] } }, () => sdk().getOrders(orders));
  await call('order', { payload: {} }, () => sdk().getOrder({ orderId: '111-1' }));
  await call('wrong-secret', {}, () => sdk(WRONG).getOrders(orders));
};

exports['node-bigcommerce'] = async () => {
  redirect();
  const BigCommerce = load('node-bigcommerce');
  const sdk = (accessToken = key('BIGCOMMERCE__ACCESS_TOKEN')) =>
    new BigCommerce({
      clientId: 'client',
      accessToken,
      storeHash: key('BIGCOMMERCE__STORE_HASH'),
      responseType: 'json',
      apiVersion: 'v3',
    });
  await call('products', { data: [] }, () => sdk().get('/catalog/products?keyword=a%20b%2Bc'));
  await call('create', { data: {} }, () => sdk().post('/catalog/products', { name: 'ü' }));
  await call('wrong-token', {}, () => sdk('nobody').get('/catalog/products'));
};

exports['@woocommerce/woocommerce-rest-api'] = async () => {
  redirect();
  const WooCommerce = load('@woocommerce/woocommerce-rest-api').default;
  const sdk = (consumerSecret = key('WOOCOMMERCE__CONSUMER_SECRET'), changed = {}) =>
    new WooCommerce({
      url: `https://${key('WOOCOMMERCE__STORE')}`,
      consumerKey: key('WOOCOMMERCE__CONSUMER_KEY'),
      consumerSecret,
      version: 'wc/v3',
      ...changed,
    });
  await call('products', [], () => sdk().get('products', { per_page: 5, search: 'ü a+b&c' }));
  await call('create', {}, () => sdk().post('products', { name: 'ü' }));
  await call('query-string', [], () => sdk(undefined, { queryStringAuth: true }).get('products'));
  await call('wrong-secret', {}, () => sdk(WRONG).get('products'));
};

exports['shopify-api-node'] = async () => {
  redirect();
  const Shopify = load('shopify-api-node');
  const sdk = (accessToken = key('SHOPIFY__ACCESS_TOKEN')) =>
    new Shopify({ shopName: 'sandbox-shop', accessToken, apiVersion: '2025-01', maxRetries: 0 });
  await call('products', { products: [] }, () => sdk().product.list({ limit: 5, title: 'ü a+b' }));
  await call('create', { product: {} }, () => sdk().product.create({ title: 'ü' }));
  await call('graphql', { data: {} }, () => sdk().graphql('{ shop { name } }'));
  await call('wrong-token', {}, () => sdk('nobody').product.list());
};

exports['etsy-ts'] = async () => {
  redirect();
  const { Etsy } = load('etsy-ts');
  const sdk = (accessToken = key('ETSY__ACCESS_TOKEN')) =>
    new Etsy({
      apiKey: key('ETSY__KEYSTRING'),
      sharedSecret: key('ETSY__SHARED_SECRET'),
      securityDataStorage: {
        findAccessToken: async () => ({ accessToken, refreshToken: 'x', tokenType: 'Bearer' }),
        storeAccessToken: async () => {},
      },
      enableTokenRefresh: false,
    });
  const user = { etsyUserId: 1 };
  await call('shop', {}, () => sdk().Shop.getShop({ shopId: 1 }, user));
  await call('listings', {}, () =>
    sdk().ShopListing.getListingsByShop({ shopId: 1, limit: 5 }, user),
  );
  await call('wrong-token', {}, () => sdk('1.nobody').Shop.getShop({ shopId: 1 }, user));
};

exports['ebay-api'] = async () => {
  const EbayApi = load('ebay-api');
  const [subdomain, tld] = new URL(ORIGIN).host.split(/\.(?=\d+:)/);
  const pem = (key) => `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----`;
  const sdk = (token = key('EBAY_SIGNED__ACCESS_TOKEN'), changed = {}) => {
    const made = new EbayApi({
      appId: key('EBAY_SIGNED__CLIENT_ID'),
      certId: key('EBAY_SIGNED__CLIENT_SECRET'),
      sandbox: false,
      signature: { jwe: key('EBAY_SIGNED__JWE'), privateKey: pem(key('EBAY_SIGNED__SIGNING_KEY')) },
      ...changed,
    });
    made.OAuth2.setCredentials({ access_token: token, expires_in: 7200 });
    return (kind) => made.sell[kind].api({ schema: 'http://', subdomain, tld, sign: true });
  };
  const jwe = key('EBAY_SIGNED__JWE');
  // The key of RFC 8032, 7.1, TEST 1.
  const other = pem('MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g');
  await call('transactions', { transactions: [] }, () =>
    sdk()('finances').getTransactions({ filter: 'transactionType:{SALE}', limit: 3 }),
  );
  await call('refund', {}, () =>
    sdk()('fulfillment').issueRefund('1', { reasonForRefund: 'BUYER_CANCEL', comment: 'ü' }),
  );
  await call('wrong-key', {}, () =>
    sdk(undefined, { signature: { jwe, privateKey: other } })('finances').getTransactions(),
  );
  await call('wrong-token', {}, () => sdk('nobody')('finances').getTransactions());
  await call('unsigned', {}, () =>
    sdk()('finances').api({ schema: 'http://', subdomain, tld, sign: false }).getTransactions(),
  );
};

exports['ebay-oauth-nodejs-client'] = async () => {
  redirect();
  const EbayAuthToken = load('ebay-oauth-nodejs-client');
  const sdk = (clientSecret = key('EBAY__CLIENT_SECRET')) =>
    new EbayAuthToken({
      clientId: key('EBAY__CLIENT_ID'),
      clientSecret,
      redirectUri: key('EBAY__RUNAME'),
      env: 'PRODUCTION',
    });
  await call('application-token', {}, () => sdk().getApplicationToken('PRODUCTION'));
  await call('exchange-and-refresh', {}, async () => {
    const scopes = ['https://api.ebay.com/oauth/api_scope/sell.fulfillment'];
    const link = sdk().generateUserAuthorizationUrl('PRODUCTION', scopes, { state: 's' });
    const issued = await sdk().exchangeCodeForAccessToken('PRODUCTION', await codeOf(link));
    await sdk().getAccessToken('PRODUCTION', JSON.parse(issued).refresh_token, scopes);
  });
  await call('wrong-secret', {}, () => sdk(WRONG).getApplicationToken('PRODUCTION'));
};
