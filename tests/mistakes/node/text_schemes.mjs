// Recipes whose text is a few fields: Shopee, SHEIN, TikTok Shop, Kuaishou.
import { BODY_TEXT, QUERIES, SECRETS, START } from './data.mjs'
import { Call, Scheme, b64, hash, hexed, hmac, mistake, request, withQuery } from './signing.mjs'
import { hooking } from './catalogue.mjs'

const calls = (host, paths, settings = () => ({})) => QUERIES.map((query, i) => (
  new Call('GET', paths[i % paths.length], { query, ms: START + 61_000 * i + 411, host, ...settings(i) })))

// --- Shopee: partner_id + path + time + access_token + shop_id, HMAC-SHA256, hex. open.shopee.com developer guide 16.
const shopeeKey = '6b4e7a51657272684d506f6e72647968'
const shopee = new Scheme({
  name: 'shopee', host: 'partner.shopeemobile.com', secretName: 'partner_key', sigUrl: 'sign',
  creds: SECRETS.map((partner_key) => ({ partner_id: '2009117', partner_key, shop_id: '3400178', merchant_id: '1000551' })),
  otherCred: { partner_key: '704b6c7d8e9f00112233445566778899aabbccddeeff00112233445566778811' },
  token: { access_token: shopeeKey }, uses: ['path', 'time', 'uncovered'], order: ['id', 'path', 'time', 'token', 'shop'],
  timeForms: { 'T3 milliseconds': (t) => `${t}000` },
  samples: () => [...calls(shopee.host, ['/api/v2/product/get_category', '/api/v2/order/get_order_list', '/api/v2/shop/get_shop_info']),
    new Call('POST', '/api/v2/product/update_item', { body: BODY_TEXT, ms: START + 500_000, host: shopee.host }),
    new Call('POST', '/api/v2/logistics/ship_order/', { query: [['lang', 'ko']], body: '{"order_sn":"2601A"}', ms: START + 510_000, host: shopee.host })],
  fields: (v, cred) => [['id', cred.partner_id], ['path', v.path], ['time', shopee.ts(v)], ['token', cred.access_token], ['shop', cred.shop_id]],
  wire: (call, sig, cred) => request(call, { url: withQuery(call, [['partner_id', cred.partner_id], ['timestamp', shopee.ts(call)],
    ['access_token', cred.access_token], ['shop_id', cred.shop_id]], [['sign', sig]]) }),
  own: () => [
    mistake('S2', 'public-level', { fields: (f) => f.slice(0, 3) }),
    mistake('S2', 'merchant-level', { fields: (f) => f.map(([k, t]) => [k, k === 'shop' ? '1000551' : t]) }, { also: ['K1'] }),
    mistake('S2', 'without-shop', { fields: (f) => f.slice(0, 4) }, { also: ['L4'] }),
    mistake('S2', 'without-token', { fields: (f) => f.filter((x) => x[0] !== 'token') }, { also: ['L4'] }),
    mistake('Q9', 'with-names', { fields: (f) => f.flatMap(([k, t]) => [['', { id: 'partner_id', time: 'timestamp', token: 'access_token', shop: 'shop_id' }[k] ?? ''], [k, t]]) },
      { provable: 'no' }),
    // All parameters but `sign` in the body: a POST of a program that sends one JSON object.
    mistake('B4', 'in-the-body', { wire: (r) => ({ ...r, url: r.url.split('?')[0], method: 'POST',
      headers: [...r.headers.filter((h) => h[0] !== 'Content-Type'), ['Content-Type', 'application/json']],
      body: JSON.stringify(Object.fromEntries(new URL(r.url).searchParams)) }) }, { alone: true, also: ['A5', 'A6'] }),
    mistake('V', 'dead-host', { call: (c) => void (c.host = 'partner.test-stable.shopeemobile.com') }, { alone: true, also: ['A1', 'P3'] }),
  ],
  known: [
    [{ partner_id: '2001887', partner_key: 'x', shop_id: '14701711', access_token: '59777174636562737266615546704c6d' },
      new Call('GET', '/api/v2/shop/get_shop_info', { ms: 1655714431000 }), null,
      '2001887/api/v2/shop/get_shop_info165571443159777174636562737266615546704c6d14701711'],
  ],
})

// --- SHEIN: openKeyId & time & path; key + five characters; base64 of the hex. open.sheincorp.com; sheinsight/open-sdk-js.
const nonceOf = (call) => call.nonce ?? 'test1'
const shein = new Scheme({
  name: 'shein', host: 'openapi.sheincorp.com', secretName: 'secret_key', sigHeader: 'x-lt-signature', seps: '&',
  creds: SECRETS.map((secret_key) => ({ open_key_id: 'B96C15416C9240DF96BAA0BC9B367C6D', secret_key, app_id: 'APP1', app_secret: 'f00' })),
  otherCred: { secret_key: '6BEC9C4B668B4B14B17EEF106BB98AE5' }, uses: ['path', 'time', 'uncovered'],
  order: ['id', 'sep', 'time', 'sep', 'path'], timeForms: { 'T3 seconds': (t) => t.slice(0, -3) }, fraction: true, window: false,
  headerNames: { 'x-lt-sign': 'x-lt-signature', 'x-lt-openKey': 'x-lt-openKeyId' },
  ts: (call) => call.timeAs(String(call.ms)),
  key: (cred) => Buffer.from(cred.secret_key + 'test1'),
  rawKey: (change) => (key, cred) => Buffer.concat([Buffer.from(change(Buffer.from(cred.secret_key))), Buffer.from('test1')]),
  out: (digest) => b64(Buffer.from(hexed(digest))), ownOutput: true,
  samples: () => [...calls(shein.host, ['/open-api/order/purchase-order-info', '/open-api/goods/a%20b', '/open-api/order/list/']),
    new Call('POST', '/open-api/goods/product/publishOrEdit', { body: BODY_TEXT, ms: START + 500_000, host: shein.host })],
  fields: (v, cred) => [['id', cred.open_key_id], ['sep', '&'], ['time', shein.ts(v)], ['sep', '&'], ['path', v.path]],
  wire: (call, sig, cred) => request(call, { headers: [['x-lt-openKeyId', cred.open_key_id], ['x-lt-timestamp', shein.ts(call)],
    ['x-lt-signature', nonceOf(call) + sig]] }),
  own: () => [
    mistake('K8', 'without-random', { key: (k, cred) => Buffer.from(cred.secret_key) }),
    mistake('K8', 'random-first', { key: (k, cred) => Buffer.from('test1' + cred.secret_key) }),
    mistake('O1', 'base64-of-bytes', { out: (d) => b64(d) }, { also: ['O2'] }),
    mistake('O1', 'hex-sent', { out: (d) => hexed(d) }, { also: ['O2'] }),
    mistake('O3', 'base64-of-HEX', { out: (d) => b64(Buffer.from(hexed(d).toUpperCase())) }, { also: ['O2'] }),
    mistake('O5', 'unpadded', { out: (d) => b64(Buffer.from(hexed(d))).replace(/=+$/, '') }),
    mistake('Q7', 'values-sorted', { fields: (f) => f.map(([k, t]) => [k, t]).sort((a, b) => (a[1] < b[1] ? -1 : 1)) }, { provable: 'no' }),
  ],
  known: [[{ open_key_id: 'B96C15416C9240DF96BAA0BC9B367C6D', secret_key: '6BEC9C4B668B4B14B17EEF106BB98AE5' },
    new Call('POST', '/open-api/order/purchase-order-info', { ms: 1740709414000 }),
    'ZDZjYTJjNzg5ZjUzMDdkZTU2N2Y3NzcxN2ZjZjA5OGIxMTRhZWI0MTU1MzQxNjZlNjFkMGQxOTJiYTk1YWNjYQ==']],
})

// --- TikTok Shop: secret + path + sorted + body + secret, HMAC-SHA256, hex. partner.tiktokshop.com sign-your-api-request.
const bare = (key, data) => data.subarray(key.length, data.length - key.length)
const tiktok = new Scheme({
  name: 'tiktok-shop', host: 'open-api.tiktokglobalshop.com', secretName: 'app_secret', sigUrl: 'sign', sorts: true,
  creds: SECRETS.map((app_secret) => ({ app_key: '6fk2n8qpz1x4c', app_secret, shop_cipher: 'ROW_k3JpZAAAAAD1b+q/9Zr2hCwE0w==' })),
  otherCred: { app_secret: '9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d' }, token: { access_token: 'ROW_tDq8fQAAAAAv0Xn3c1m9Jz4b' },
  uses: ['path', 'pairs', 'body', 'time'], order: ['path', 'pairs', 'body'], wraps: true,
  system: ['app_key', 'timestamp', 'shop_cipher'], timeForms: { 'T3 milliseconds': (t) => `${t}000` },
  headerNames: { 'X-Access-Token': 'x-tts-access-token' },
  systemPairs: (c, cred) => [['app_key', cred.app_key], ['timestamp', tiktok.ts(c)], ['shop_cipher', cred.shop_cipher]],
  samples: () => [...calls(tiktok.host, ['/order/202309/orders', '/product/202309/categories', '/logistics/202309/warehouses/'],
    () => ({ ctype: 'application/json' })),
  new Call('POST', '/product/202309/products', { body: BODY_TEXT, ms: START + 500_000, host: tiktok.host }),
  new Call('POST', '/order/202309/orders/search', { query: [['page_size', '10']], body: '{"order_status":"최","t":["a/b"],"o":{}}', ms: START + 510_000, host: tiktok.host })],
  fields: (v, cred) => [['path', v.path], ['pairs', v.concat([...tiktok.systemPairs(v, cred), ...v.query], ['sign', 'access_token'], true)],
    ['body', v.body ?? '']],
  wire: (call, sig, cred) => request(call, { url: withQuery(call, tiktok.systemPairs(call, cred), [['sign', sig]]),
    headers: [['x-tts-access-token', cred.access_token]] }),
  own: () => [
    mistake('Q9', 'access_token-signed', { ...hooking((p) => [...p, ['access_token', tiktok.token.access_token]]) }, { also: ['S2'] }),
    mistake('Q9', 'access_token-in-query', { call: (c) => void (c.query = [...c.query, ['access_token', tiktok.token.access_token]]),
      view: (v) => void (v.notDropped = ['access_token']) }),
    mistake('H2', 'hmac-without-secrets', { mac: (k, d) => hmac('sha256')(k, bare(k, d)) }, { also: ['L4', 'K8', 'H3'] }),
    mistake('L4', 'secret-only-before', { mac: (k, d) => hmac('sha256')(k, d.subarray(0, d.length - k.length)) }, { also: ['K8', 'H3', 'H2'] }),
  ],
  known: [[{ app_key: '29a39d', app_secret: 'e59af819cc', shop_cipher: null, access_token: 't' },
    new Call('GET', '/authorization/202309/shops', { ms: 1623812664000 }),
    'b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8']],
})
const shopPairs = tiktok.systemPairs
tiktok.systemPairs = (c, cred) => shopPairs(c, cred).filter((p) => p[1] !== null)

// --- Kuaishou: k=v&k=v sorted & signSecret=…, HMAC-SHA256, base64. Platform guide as in AndersonBY/kwaixiaodian-python-sdk.
const kuaishou = new Scheme({
  name: 'kuaishou', host: 'openapi.kwaixiaodian.com', secretName: 'sign_secret', sigUrl: 'sign', sorts: true, out: b64, window: false,
  creds: SECRETS.map((sign_secret) => ({ app_key: 'ks701234', sign_secret, app_secret: 'aS3cretOfTheApp', access_token: 'ChFvYXV0aC5hY2Nlc3M', sign_method: 'HMAC_SHA256' })),
  otherCred: { sign_secret: '0f1e2d3c4b5a69788796a5b4c3d2e1f0' }, uses: ['pairs', 'time'], order: ['pairs', 'secret'],
  system: ['access_token', 'appkey', 'signMethod', 'timestamp', 'version'], fraction: true,
  timeForms: { 'T3 seconds': (t) => t.slice(0, -3) }, ts: (call) => call.timeAs(String(call.ms)),
  systemPairs: (c, cred) => [['appkey', cred.app_key], ['timestamp', kuaishou.ts(c)], ['version', '1'], ['signMethod', cred.sign_method],
    ['access_token', cred.access_token]],
  samples: () => [...QUERIES.map((query) => JSON.stringify(Object.fromEntries(query))), BODY_TEXT, '{"a": 1}'].map((param, i) => (
    new Call('GET', '/open/order/list', { query: [['method', 'open.order.list'], ['param', param]], ms: START + 61_000 * i + 411, host: kuaishou.host }))),
  fields: (v, cred) => [['pairs', v.concat([...kuaishou.systemPairs(v, cred), ...v.query], ['sign'], true, '=', '&')],
    ['secret', `&signSecret=${cred.sign_secret}`]],
  wire: (call, sig, cred) => request(call, { url: withQuery(call, kuaishou.systemPairs(call, cred), [['sign', sig]]) }),
  own: () => [
    mistake('H3', 'md5', { mac: (k, d) => hash('md5', d), out: hexed }, { also: ['H1', 'H2', 'H1+H2', 'H1+O1', 'H2+O1', 'H1+H2+O1'] }),
    mistake('L4', 'without-secret', { fields: (f) => f.slice(0, 1) }, { also: ['H2', 'K8'] }),
    mistake('L3', 'secret-without-ampersand', { fields: (f) => [f[0], ['secret', f[1][1].slice(1)]] }),
    mistake('B1', 'param-stringified', { ...hooking((p) => p.map(([n, v]) => [n, n === 'param' ? JSON.stringify(JSON.parse(v)) : v])) }, { also: ['Q13'] }),
    mistake('B1', 'param-spaced', { ...hooking((p) => p.map(([n, v]) => [n, n === 'param' ? JSON.stringify(JSON.parse(v), null, 1) : v])) }, { also: ['Q13'], provable: 'no' }),
  ],
  known: [[{ app_key: 'ks123', sign_secret: 'sign-secret', access_token: 'token', sign_method: 'HMAC_SHA256' },
    new Call('GET', '/open/seller/order/list', { query: [['method', 'open.seller.order.list'], ['param', '{"title":"短袖"}']], ms: 1583271919000 }),
    'ZpPrG0oB1g/T93FyyVD+VCzRey41yqxZoCqcGg7upYM=']],
})

export const SCHEMES = [shopee, shein, tiktok, kuaishou]
