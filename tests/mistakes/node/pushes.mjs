// Pushes, as the marketplace signs them or as a wrong checker would: Shopify (base64 of the body's HMAC; shopify.dev,
// shopify-app-js validate.test.ts), Shopee (url|body), TikTok Shop and Lazada (app_key + body).
import { BODY_TEXT, SECRETS, START } from './data.mjs'
import { Call, Scheme, b64, hexed, mistake, request } from './signing.mjs'

const bodies = [BODY_TEXT, '{"shop_id":220123,"code":3,"data":{"ordersn":"2601A","note":"최 a/b"},"list":[1, 2],"o":{}}', '{"a":1.50,"b":"x"}']

function push({ host, path, header, fields, ...settings }) {
  const scheme = new Scheme({
    keyed: true, uses: ['body'], window: false, rightSamples: 2, sigHeader: header, host,
    samples: () => bodies.map((body, i) => new Call('POST', path, { body, ms: START + 61_000 * i, host })),
    fields: (v, cred) => fields(v, cred),
    wire: (call, sig) => request(call, { headers: [[header, sig]] }),
    ...settings,
  })
  return scheme
}

const url = { 'P3b http': (v) => void (v.scheme = 'http'), 'P2b slash': (v) => void (v.path += '/'), 'P1 other': (v) => void (v.path = '/push'),
  'Q5 query': (v) => void (v.path += '?x=1') }

export const SCHEMES = [
  push({ name: 'shopify', push: 'event', host: 'my.app', path: '/hooks/orders', header: 'X-Shopify-Hmac-SHA256', secretName: 'client_secret', out: b64,
    creds: SECRETS.map((client_secret) => ({ shop: 'some-shop', client_id: '7c1a9e0b', client_secret, scopes: 'read_orders' })),
    otherCred: { client_secret: 'shpss_0f1e2d3c4b5a6978' }, order: ['body'], fields: (v) => [['body', v.body ?? '']],
    headerNames: { 'X-Shopify-Hmac': 'X-Shopify-Hmac-SHA256' },
    known: [[{ client_secret: 'test_secret_key' }, new Call('POST', '/', { body: '{"foo": "bar"}' }), 'B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=']] }),
  push({ name: 'shopee', push: 'push', host: 'my.app', path: '/shopee', header: 'Authorization', secretName: 'partner_key', out: hexed, seps: '|',
    creds: SECRETS.map((partner_key) => ({ partner_id: '2009117', partner_key, shop_id: '3400178' })),
    otherCred: { partner_key: '704b6c7d8e9f00112233445566778899' }, order: ['url', 'sep', 'body'],
    fields: (v) => [['url', v.url()], ['sep', '|'], ['body', v.body ?? '']],
    own: () => Object.entries(url).slice(0, 3).map(([name, view]) => mistake(...name.split(' '), { view }, { provable: name.startsWith('P1') ? 'no' : 'key', also: ['P1', 'P3'] })) }),
  push({ name: 'tiktok-shop', push: 'push', host: 'my.app', path: '/tiktok', header: 'Authorization', secretName: 'app_secret', out: hexed,
    creds: SECRETS.map((app_secret) => ({ app_key: '6fk2n8qpz1x4c', app_secret, shop_cipher: 'ROW_x' })),
    otherCred: { app_secret: '9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d' }, order: ['id', 'body'], fields: (v, cred) => [['id', cred.app_key], ['body', v.body ?? '']],
    known: [[{ app_key: 'fake_app_key', app_secret: 'fake_app_secret' }, new Call('POST', '/', {
      body: '{"type":1,"shop_id":"7494726673780148744","timestamp":1664095733,"data":{"order_id":"576684019603311365","order_status":"AWAITING_SHIPMENT","update_time":1664095610}}' }),
    '21109834de72ec53c9959716d8514ae388ce1f123e5ffdcafc46713fcdf62b27']] }),
]
