// Naver Commerce, the token request: bcrypt of client_id _ time with the secret as its salt, then base64 of the text.
// Source: apicenter.commerce.naver.com/docs/auth (Python, Node and Java samples).
import { bcrypt } from './bcrypt.mjs'
import { ofSentValue, ofTime } from './catalogue.mjs'
import { START } from './data.mjs'
import { Call, Scheme, b64, hexed, hmac, mistake, request, upper } from './signing.mjs'

const salts = ['$2a$04$Hk3vQ9xWm2TzLr8bYc5Nfe', '$2a$04$abcdefghijklmnopqrstuv', '$2a$04$Zr7.k/Pq0DsXcV1bNm2Qwe']
const naver = new Scheme({
  name: 'naver-commerce', host: 'api.commerce.naver.com', base: '/external', secretName: 'client_secret', keyed: false, isHmac: false,
  creds: salts.map((client_secret) => ({ client_id: '5Ikl3jGd9sPq7TzAxYwE2R', client_secret, seller_type: 'SELF' })),
  otherCred: { client_secret: '$2a$04$9yHf3Kd8sLq1Wz6XcVbN7u' }, uses: [], order: ['id', 'sep', 'time'], seps: '_', fraction: true, out: b64,
  timeForms: { 'T3 seconds': (t) => t.slice(0, -3) }, ts: (call) => call.timeAs(String(call.ms)),
  mac: (key, data) => Buffer.from(bcrypt(data.toString(), key.toString())),
  samples: () => [0, 61_123, 122_246, 183_369].map((later) => new Call('POST', '/v1/oauth2/token', { form: [], ms: START + later, host: naver.host, base: naver.base })),
  fields: (v, cred) => [['id', cred.client_id], ['sep', '_'], ['time', naver.ts(v)]],
  wire: (call, sig, cred) => request(Object.assign(call.copy(), { form: [['client_id', cred.client_id], ['timestamp', naver.ts(call)],
    ['grant_type', 'client_credentials'], ['client_secret_sign', sig], ['type', 'SELF']] })),
  keyShows: true,
  own: () => {
    const form = (change) => ({ wire: (r) => ({ ...r, body: change(r.body) }) })
    return [
      ...ofTime(naver), ...ofSentValue(naver),
      mistake('K4', 'other-account', { key: () => Buffer.from(naver.otherCred.client_secret) }, { provable: 'keys' }),
      // A library that takes no salt makes one: its characters stand in what is sent.
      mistake('K7', 'salt-of-a-library', { mac: (k, d) => Buffer.from(bcrypt(d.toString(), '$2b$04$oWq3.zXcVbNmAsDfGhJkLe')) }, { alone: true, also: ['K4', 'H3'] }),
      mistake('K7', 'cost-of-a-library', { mac: (k, d) => Buffer.from(bcrypt(d.toString(), k.toString().replace('$04$', '$05$'))) }, { alone: true, also: ['K4', 'H3', 'H1'] }),
      mistake('H1', 'hmac-sha256', { mac: (k, d) => hmac('sha256')(k, d) }, { also: ['H2', 'H3'] }),
      mistake('H3', 'hmac-sha256-hex', { mac: (k, d) => hmac('sha256')(k, d), out: hexed }, { also: ['H1', 'H2', 'H1+O1', 'O1'] }),
      mistake('O1', 'not-encoded', { out: (d) => d.toString() }, { alone: true, also: ['O7'] }),
      mistake('O1', 'hex', { out: hexed }, { also: ['O4'] }),
      mistake('O1', 'HEX', { out: upper }, { also: ['O1+O3', 'O4'] }),
      mistake('O2', 'base64-twice', { out: (d) => b64(Buffer.from(b64(d))) }, { alone: true, also: ['O1', 'O6'] }),
      mistake('K10', 'secret-in-base64', { sig: (s, cred) => b64(Buffer.from(cred.client_secret)) }, { alone: true }),
      mistake('B4', 'in-the-query', { wire: (r) => ({ method: r.method, url: `${r.url}?${r.body}`, headers: [] }) }, { alone: true, also: ['A5', 'A6'] }),
      mistake('B4', 'json-body', { wire: (r) => ({ ...r, headers: [['Content-Type', 'application/json']],
        body: JSON.stringify(Object.fromEntries(new URLSearchParams(r.body))) }) }, { alone: true, also: ['A5', 'A6', 'A3'] }),
      mistake('A6', 'client_secret_signature', form((b) => b.replace('client_secret_sign=', 'client_secret_signature=')), { alone: true, also: ['A5'] }),
      mistake('A5', 'not-sent', form((b) => b.replace(/&client_secret_sign=[^&]*/, '')), { alone: true, also: ['A6'] }),
    ]
  },
  known: [
    [{ client_id: 'aaaabbbbcccc', client_secret: '$2a$10$abcdefghijklmnopqrstuv' }, new Call('POST', '/', { form: [], ms: 1643961623299 }),
      'JDJhJDEwJGFiY2RlZmdoaWprbG1ub3BxcnN0dXVCVldZSk42T0VPdEx1OFY0cDQxa2IuTnpVaUEzbmsy'],
    [{ client_id: 'offline-fixture', client_secret: '$2b$04$abcdefghijklmnopqrstuu' }, new Call('POST', '/', { form: [], ms: 1643961623299 }),
      'JDJiJDA0JGFiY2RlZmdoaWprbG1ub3BxcnN0dXVyRFhyaU5lRWFjUXg2eU9ZYk50RVIxZHlrbWtyblJL'],
  ],
})

export const SCHEMES = [naver]
