// OAuth 1.0a, HMAC-SHA1, in the Authorization header. Source: RFC 5849, 3.4; answers of its section 1.2 and of X's
// documentation "Creating a signature" (as quoted by bennadel/Crypto.cfc).
import { QUERIES, SECRETS, START } from './data.mjs'
import { Call, Scheme, b64, hmac, mistake, request, rfc3986 } from './signing.mjs'

const encodedBytes = (bytes) => [...bytes].map((b) => (/[A-Za-z0-9._~-]/.test(String.fromCharCode(b)) ? String.fromCharCode(b)
  : '%' + b.toString(16).toUpperCase().padStart(2, '0'))).join('')
const nonce = (call) => call.nonce ?? 'n7Gk2pQ4'

const oauth1 = new Scheme({
  name: 'oauth1', host: 'shop.example.com', secretName: 'consumer_secret', sigHeader: 'Authorization', sorts: true,
  creds: SECRETS.map((s) => ({ consumer_key: 'ck_case0f3b2a19', consumer_secret: s, token: 'tk_7Qw2', token_secret: 'ts+9/x Z' })),
  otherCred: { consumer_secret: 'cs_4b5a69788796a5b4c3d2e1f0' }, hashName: 'sha1', mac: hmac('sha1'), out: b64,
  uses: ['pairs_enc', 'method', 'host', 'path', 'time'], order: ['method', 'sep', 'path', 'sep', 'pairs'], seps: '&',
  system: ['oauth_consumer_key', 'oauth_nonce', 'oauth_signature_method', 'oauth_timestamp', 'oauth_token', 'oauth_version'],
  otherHosts: [], timeForms: { 'T3 milliseconds': (t) => `${t}000` },
  headerNames: { Authorisation: 'Authorization', 'X-Authorization': 'Authorization' },
  key: (cred) => Buffer.from(`${rfc3986(cred.consumer_secret)}&${rfc3986(cred.token_secret ?? '')}`),
  // What a decoded key holds is encoded byte by byte, as PHP's rawurlencode does it.
  rawKey: (change) => (key, cred) => Buffer.from(`${encodedBytes(change(Buffer.from(cred.consumer_secret)))}&${rfc3986(cred.token_secret)}`),
  systemPairs: (c, cred) => [['oauth_consumer_key', cred.consumer_key], ['oauth_nonce', nonce(c)], ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', oauth1.ts(c)], ['oauth_token', cred.token], ...(c.version === false ? [] : [['oauth_version', '1.0']]), ...(c.more ?? [])],
  samples: () => [...QUERIES.map((query, i) => new Call('GET', ['/wp-json/wc/v3/products', '/wp-json/wc/v3/orders/', '/wp-json/wc/v3/a%20b/c'][i % 3],
    { query, ms: START + 61_000 * i, host: oauth1.host })),
  new Call('POST', '/wp-json/wc/v3/products', { query: [['b', '2'], ['a', '1']], form: [...QUERIES[0], ['note', 'Ladies + Gentlemen, 100%']], ms: START + 500_000, host: oauth1.host }),
  new Call('POST', '/wp-json/wc/v3/orders', { body: '{"status":"완료","a":[1, 2]}', ms: START + 510_000, host: oauth1.host })],
  /** Encoded, then sorted, as 3.4.1.3.2 asks; a mistaken program sorts in its own way. */
  normalized: (v, pairs) => {
    for (const hook of v.hooks) pairs = hook(pairs)
    if (v.keepEmpty === false) pairs = pairs.filter((p) => p[1] !== '')
    if (v.sort) pairs = v.sort(pairs)
    let parts = pairs.map(([n, x]) => [v.enc(n), x === '' && !v.emptyAs ? null : v.enc(x)])
    if (!v.sort) parts = parts.sort((a, b) => Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])) || Buffer.compare(Buffer.from(a[1] ?? ''), Buffer.from(b[1] ?? '')))
    return parts.map(([n, x]) => (x === null ? n : `${n}=${x}`)).join('&')
  },
  fields: (v, cred) => {
    const address = `${v.scheme}://${v.authority()}${v.path}`
    return [['method', v.method], ['sep', '&'], ['path', v.plainAddress ? address : rfc3986(address)], ['sep', '&'],
      ['pairs', (v.once ? (t) => t : rfc3986)(oauth1.normalized(v, [...v.query, ...(v.form ?? []), ...oauth1.systemPairs(v, cred)]))]]
  },
  wire: (call, sig, cred) => request(call, { headers: [['Authorization', 'OAuth ' + [...oauth1.systemPairs(call, cred), ['oauth_signature', sig]]
    .map(([n, v]) => `${n}="${rfc3986(v)}"`).join(', ')]] }),
  own: () => {
    const keyed = (change) => ({ key: (k, cred) => Buffer.from(change(cred)) })
    return [
      mistake('K8', 'without-ampersand', keyed((c) => rfc3986(c.consumer_secret) + rfc3986(c.token_secret))),
      mistake('K8', 'without-token-secret', keyed((c) => `${rfc3986(c.consumer_secret)}&`), { also: ['S2'] }),
      mistake('K8', 'consumer-secret-alone', keyed((c) => rfc3986(c.consumer_secret)), { also: ['S2'] }),
      mistake('K8', 'not-encoded', keyed((c) => `${c.consumer_secret}&${c.token_secret}`)),
      mistake('K8', 'token-secret-first', keyed((c) => `${rfc3986(c.token_secret)}&${rfc3986(c.consumer_secret)}`)),
      mistake('L4', 'address-not-encoded', { view: (v) => void (v.plainAddress = true) }, { also: ['Q1', 'P4'] }),
      mistake('Q1', 'parameters-not-encoded-again', { view: (v) => void (v.once = true) }, { also: ['L4', 'Q2'] }),
      mistake('P3', 'path-for-address', { fields: (f) => f.map(([k, t]) => [k, k === 'path' ? t.replace(/^https%3A%2F%2F[^%]+/, '') : t]) }),
      mistake('Q5', 'query-in-address', { view: (v) => { if (v.query.length) v.path += `?${v.rawQuery()}` } }, { also: ['Q12'] }),
      mistake('B5', 'form-not-signed', { view: (v) => void (v.form &&= []) }, { also: ['Q6', 'B2'] }),
      mistake('B3', 'body-as-parameter', { view: (v) => { if (v.body) v.query.push([v.body, '']) } }, { provable: 'no' }),
      mistake('Q9', 'realm-signed', { call: (c) => void (c.realm = 'x'), view: (v) => void v.query.push(['realm', 'x']) }, { provable: 'no' }),
      mistake('O6', 'not-encoded', { wire: (r, s) => ({ ...r, headers: r.headers.map(([n, v]) => [n, v.replace(rfc3986(s), () => s)]) }) }, { alone: true }),
      mistake('O6', 'encoded-twice', { wire: (r, s) => ({ ...r, headers: r.headers.map(([n, v]) => [n, v.replace(rfc3986(s), () => rfc3986(rfc3986(s)))]) }) }, { alone: true }),
      mistake('A6', 'scheme-word', { wire: (r) => ({ ...r, headers: r.headers.map(([n, v]) => [n, v.replace('OAuth ', '')]) }) }, { alone: true }),
    ]
  },
  known: [
    [{ consumer_key: 'dpf43f3p2l4k3l03', consumer_secret: 'kd94hf93k423kf44', token: 'nnch734d00sl2jdk', token_secret: 'pfkkdhi9sl3r4s00' },
      new Call('GET', '/photos', { query: [['file', 'vacation.jpg'], ['size', 'original']], host: 'photos.example.net', scheme: 'http',
        ms: 137131202000, nonce: 'chapoH', version: false }), 'MdpQcU8iPSUjWoN/UDMsK2sui9I='],
    [{ consumer_key: 'xvz1evFS4wEEPTGEFPHBog', consumer_secret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
      token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb', token_secret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE' },
    new Call('POST', '/1/statuses/update.json', { query: [['include_entities', 'true']], form: [['status', 'Hello Ladies + Gentlemen, a signed OAuth request!']],
      host: 'api.twitter.com', ms: 1318622958000, nonce: 'kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg' }), 'tnnArxj06cWHq44gCs1OSKk/jLY='],
  ],
})

export const SCHEMES = [oauth1]
