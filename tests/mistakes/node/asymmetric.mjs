// Walmart Canada: RSA SHA-256 over four lines (developer.walmart.com ca-marketplace authentication; fillup/walmart-auth-
// signature-php). eBay's signed calls: RFC 9421 with Ed25519 (eBay/digital-signature-nodejs-sdk).
import crypto from 'node:crypto'
import { BODY_TEXT, QUERIES, START } from './data.mjs'
import { Call, Scheme, b64, hash, mistake, request } from './signing.mjs'
import { ofOutput } from './catalogue.mjs'

// Both keys are of published tests, and good for nothing else.
const WALMART = 'MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKzXEfCYdnBNkKAwVbCpg/tR40WixoZtiuEviSEi4+LdnYAAPy57Qw6+9eqJGTh9iCB2wP/I8lWh5TZ49Hq/chjTCPeJiOqi6bvX1xzyBlSq2ElSY3iEVKeVoQG/5f9MYQLEj5/vfTWSNASsMwnNeBbbHcV1S1aY9tOsXCzRuxapAgMBAAECgYBjkM1j1OA9l2Ed9loWl8BQ8X5D6h4E6Gudhx2uugOe9904FGxRIW6iuvy869dchGv7j41ki+SV0dpRw+HKKCjYE6STKpe0YwIm/tml54aNDQ0vQvF8JWILca1a7v3Go6chf3Ib6JPs6KVsUuNo+Yd+jKR9GAKgnDeXS6NZlTBUAQJBANex815VAySumJ/n8xR+h/dZ2V5qGj6wu3Gsdw6eNYKQn3I8AGQw8N4yzDUoFnrQxqDmP3LOyr3/zgOMNTdszIECQQDNIxiZOVl3/Sjyxy9WHMk5qNfSf5iODynv1OlTG+eWao0Wj/NdfLb4pwxRsf4XZFZ1SQNkbNne7+tEO8FTG1YpAkAwNMY2g/ty3E6iFl3ea7UJlBwfnMkGz8rkye3F55f/+UCZcE2KFuIOVv4Kt03m3vg1h6AQkaUAN8acRl6yZ2+BAkEAke2eiRmYANiR8asqjGqr5x2qcm8ceiplXdwrI1kddQ5VUbCTonSewOIszEz/gWp6arLG/ADHOGWaCo8rptAyiQJACXd1ddXUAKs6x3l752tSH8dOde8nDBgF86NGvgUnBiAPPTmJHuhWrmOZmNaB68PsltEiiFwWByGFV+ld9VKmKg=='
const OTHER_RSA = 'MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBAK7xhiPAO4fA0y267T+MerIcK+BX07H+aOTG6y9qeTv1bWNcjCBIId2jooUEsgMtuvkiUUwosG2v5vBFvmb0goqBQTDSOl9hj7FQyGsrAL0d9d/pI01rmjwbJqpNLOUge1A/INug7dXmU3edt2JhfivGMgoxIA9tEvUP0x3tGaexAgMBAAECgYAzTYrr4wzSI78KUx4OG9FDeDV5xefD8/qo1JjVv+Crr66Ti+lf8idUSw92+MiHXBrPwruanPgYQpRz89ABe0TogsxAQO7MSGcj6OT3ZMfCc+qZYXKke1BEY8Gu92RszEAizB06NwrHLsEljPXr9k+D7Ew8C7VPobm/6RIJa9BAHQJBAONZQM+gmcV/UA1EkOD5Iy6SGnFeXOYAkpNe+TU4okvddw5ec2aNXj9NWq9npRV7DfPPeW/GVRtIBVNCBHtPwLMCQQDE/ZGbmGI9Fe4miDRdCRcOPQ8dRZmOIORx8oUOXyqDI1sLmIma0JfridGQZeskTGaecpkso7rkS8YZphJ0EiALAkBrbMYSFYnzZ0f1LPvkQfSc0c6K2RK+X3DjD9JjkoIlpNzXvkt7Hrt03+FE1o2Ly9x44wU3ipi2Tl6ty5kAh1u/AkAcrmay5t720eiYx6AII7itpAo9UtLmtLdON+dTjlucOFubNpxiZBiafLh8c7pm0JDoZPsUWsptTvMK7Pkm2TS9AkBduyRGTzac9qe2QdVZtiiR1j+kHF0tclIGMwBjpxlbK4pMs2KCOHgBhM/es6TFwCGZXL5YRl2FzQ+RE8ydya9n'
const EBAY = 'MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF'
const privateKey = (text) => crypto.createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' })
const seeded = (byte) => Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]).toString('base64')

/** What is common to both: a key that is not text, so that only another key can be used in its place. */
const otherKeys = (other) => [
  mistake('K9', 'key-of-another-account', { key: () => privateKey(other) }, { provable: 'keys', also: ['K4'] }),
]

const walmart = new Scheme({
  name: 'walmart-ca', host: 'marketplace.walmartapis.com', secretName: 'private_key', sigHeader: 'WM_SEC.AUTH_SIGNATURE', out: b64,
  keyed: false, isHmac: false, fraction: true, seps: '\n', rightSamples: 4,
  creds: [{ consumer_id: 'hw30cqp3-35fi-1bi0-3312-hw9fgm30d2p4', private_key: WALMART }], otherCred: { private_key: OTHER_RSA },
  otherHosts: ['marketplace.stg.walmartapis.com'], uses: ['url', 'method', 'time'],
  order: ['id', 'sep', 'url', 'sep', 'method', 'sep', 'time', 'sep'], timeForms: { 'T3 seconds': (t) => t.slice(0, -3) },
  headerNames: { 'WM_SEC.SIGNATURE': 'WM_SEC.AUTH_SIGNATURE', 'WM_CONSUMER_ID': 'WM_CONSUMER.ID' },
  ts: (call) => call.timeAs(String(call.ms)),
  key: (cred) => privateKey(cred.private_key), mac: (key, data) => crypto.sign('sha256', data, key), unknownKey: () => privateKey(OTHER_RSA),
  samples: () => [...QUERIES.map((query, i) => new Call('GET', ['/v3/orders', '/v3/items/a%20b', '/v3/feeds/'][i % 3],
    { query, ms: START + 61_000 * i + 411, host: walmart.host })),
  new Call('POST', '/v3/orders/77/acknowledge', { body: '{"a":1}', ms: START + 500_000, host: walmart.host })],
  fields: (v, cred) => [['id', cred.consumer_id], ['sep', '\n'], ['url', v.url()], ['sep', '\n'], ['method', v.method], ['sep', '\n'],
    ['time', walmart.ts(v)], ['sep', '\n']],
  wire: (call, sig, cred) => request(call, { headers: [['WM_CONSUMER.ID', cred.consumer_id], ['WM_SEC.TIMESTAMP', walmart.ts(call)],
    ['WM_SEC.AUTH_SIGNATURE', sig], ['WM_QOS.CORRELATION_ID', '3f7a2c1e-5d4b-4a69-8b7c-1e2d3c4b5a69'], ['WM_SVC.NAME', 'Walmart Marketplace']] }),
  own: () => [...otherKeys(OTHER_RSA), ...ofOutput(walmart),
    mistake('H1', 'sha1', { mac: (k, d) => crypto.sign('sha1', d, k) }),
    mistake('H1', 'sha512', { mac: (k, d) => crypto.sign('sha512', d, k) }),
    mistake('H2', 'digest-signed', { mac: (k, d) => crypto.sign('sha256', hash('sha256', d), k) }, { also: ['H1', 'H3'] }),
    mistake('O7', 'lines-of-76', { out: (d) => b64(d).replace(/.{76}/g, '$& ') }, { alone: true }),
  ],
  known: [[{ consumer_id: 'hw30cqp3-35fi-1bi0-3312-hw9fgm30d2p4', private_key: WALMART },
    new Call('GET', '/v3/orders', { query: [['limit', '5']], ms: 1462475614410 }),
    'Apijf3zTY/0g/U67ZQAbAptP3EfNq/Gp8Iz6g1ki31Zo7nG8dF5uRLcwKog/f63lqbr9tuSiLuKtlGf/uc9w1KQ2fg8UJBoljo1bTCa4jqXpeFZNnsyohaTnao/1JsbOeKe2CKWWUW4ERSgBVJEnQhhsTN8qd5tfZi4ZqXIOi+w=']],
})

const ebay = new Scheme({
  name: 'ebay-signed', host: 'apiz.ebay.com', secretName: 'signing_key', sigHeader: 'Signature', out: b64, keyed: false, isHmac: false,
  seps: '\n', creds: [{ client_id: 'x-app', client_secret: 'x-cert-9f3a2c', runame: 'x-ru', jwe: 'eyJ6aXAiOiJERUYi.abc', signing_key: EBAY }],
  otherCred: { signing_key: seeded(7) }, token: { access_token: 'v^1.1#i^1#case' }, uses: ['method', 'path', 'host', 'time'],
  otherHosts: ['apiz.sandbox.ebay.com', 'api.ebay.com'], rightSamples: 4, window: false,
  order: ['digest', 'jwe', 'sep', 'method', 'sep', 'path', 'sep', 'host', 'sep', 'params'], headerNames: { 'Signature-Inputs': 'Signature-Input', 'x-ebay-signature': 'Signature' },
  timeForms: {}, key: (cred) => privateKey(cred.signing_key), mac: (key, data) => crypto.sign(null, data, key), unknownKey: () => privateKey(seeded(9)),
  samples: () => [...QUERIES.slice(0, 3).map((query, i) => new Call('GET', ['/sell/finances/v1/payout', '/sell/finances/v1/a%20b/c', '/sell/finances/v1/transaction/'][i],
    { query, ms: START + 61_000 * i, host: ebay.host })),
  new Call('POST', '/sell/fulfillment/v1/order/1/issue_refund', { body: BODY_TEXT, ms: START + 500_000, host: ebay.host }),
  new Call('POST', '/post-order/v2/return/77/issue_refund', { query: [['a', 'b c']], body: '{"comments":"환불/ok"}', ms: START + 510_000, host: ebay.host })],
  digest: (call) => (call.body ? `sha-256=:${b64(hash('sha256', call.body))}:` : null),
  parameters: (call) => `(${call.body ? '"content-digest" ' : ''}"x-ebay-signature-key" "@method" "@path" "@authority");created=${ebay.ts(call)}`,
  fields: (v, cred) => [['digest', v.body ? `"content-digest": ${v.digest ?? ebay.digest(v)}\n` : ''], ['jwe', `"x-ebay-signature-key": ${cred.jwe}`], ['sep', '\n'],
    ['method', `"@method": ${v.method}`], ['sep', '\n'], ['path', `"@path": ${v.path}`], ['sep', '\n'], ['host', `"@authority": ${v.authority()}`], ['sep', '\n'],
    ['params', `"@signature-params": ${ebay.parameters(v)}`]],
  wire: (call, sig, cred) => request(call, { headers: [['Authorization', `Bearer ${cred.access_token}`], ['x-ebay-signature-key', cred.jwe],
    ...(call.body ? [['Content-Digest', call.sentDigest ?? ebay.digest(call)]] : []), ['Signature-Input', `sig1=${ebay.parameters(call)}`],
    ['Signature', `sig1=:${sig}:`], ['x-ebay-enforce-signature', 'true']] }),
  own: () => {
    const both = (write) => ({ call: (c) => { if (c.body) c.sentDigest = `sha-256=:${b64(hash('sha256', write(c.body)))}:` },
      view: (v) => void (v.digest = v.sentDigest) })
    return [...otherKeys(seeded(7)), ...ofOutput(ebay),
      mistake('B1', 'digest-of-indented', both((t) => JSON.stringify(JSON.parse(t), null, 2))),
      mistake('B1', 'digest-of-line-feed', both((t) => `${t}\n`)),
      mistake('B2', 'digest-of-nothing', both(() => '')),
      mistake('O1', 'digest-hex', { call: (c) => { if (c.body) c.sentDigest = `sha-256=:${hash('sha256', c.body).toString('hex')}:` }, view: (v) => void (v.digest = v.sentDigest) }, { provable: 'no' }),
    ]
  },
  known: [[{ jwe: 'abc', signing_key: EBAY, access_token: 't' }, new Call('POST', '/sell/fulfillment/v1/order/1/issue_refund', { body: '{"hello": "world"}', ms: 1663459378000 }),
    '1b2fpqycYKhqDMjFeZxoLs5ml5Bu9y4HWJNphA1gXSstLrP8odPv1OqFd/J5nb1eunqRYXvCrSz7kuvzobI/Cg==']],
})

export const SCHEMES = [walmart, ebay]
