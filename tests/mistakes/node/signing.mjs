// How a request is signed step by step, with a place at each step where a mistake can be made. Read this first.
//
// The steps and their places are those of ../python/signing.py: call, view, cred, fields, text, data, key, mac, out, sig,
// wire. A mistake is a name and some of these hooks. Recipes stand in the scheme files, each with its source.
import crypto from 'node:crypto'

// --- alphabets of percent-encoding ---------------------------------------------------------------------------------
const hexCode = (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase()
export const component = (text) => encodeURIComponent(text)
export const rfc3986 = (text) => encodeURIComponent(text).replace(/[!'()*]/g, hexCode)
export const form = (text) => new URLSearchParams([['', text]]).toString().slice(1)
export const plus = (text) => rfc3986(text).replaceAll('%20', '+')
export const oldPhp = (text) => rfc3986(text).replaceAll('~', '%7E')
export const browser = (text) => new URL('http://a/?' + text.replaceAll('%', '%25').replaceAll('#', '%23')).search.slice(1)
export const lowerHex = (text) => rfc3986(text).replace(/%../g, (c) => c.toLowerCase())
export const plain = (text) => text
export const ALPHABETS = { encodeURIComponent: component, form, encodeURI, 'old-php': oldPhp, browser, 'lower-hex': lowerHex }

const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))
export const bytesort = (pairs) => [...pairs].sort((a, b) => bytes(a[0], b[0]) || bytes(a[1], b[1]))

/** A request: `query` and `form` are decoded pairs, `path` is as it stands on the wire, `ms` is Unix milliseconds. */
export class Call {
  constructor(method, path, settings = {}) {
    Object.assign(this, {
      method, path, query: [], form: null, body: null, ctype: null, headers: [], ms: 0, host: '', base: '', level: null,
      scheme: 'https', port: null, enc: rfc3986, textEnc: plain, emptyAs: '=', timeAs: plain,
      // Only a view uses these: what a mistaken program does while it collects the pairs.
      hooks: [], sort: null, keepEmpty: null, notDropped: [], extra: [], kv: null, amp: null,
    }, settings)
  }

  copy() {
    const twin = Object.assign(Object.create(Call.prototype), this)
    for (const name of ['query', 'headers', 'hooks', 'extra']) twin[name] = [...this[name]]
    return twin
  }

  /** What a server reads: a recipe that has the pairs decoded sees them as the address gives them. */
  received(decoded) {
    const twin = this.copy()
    if (decoded && twin.query.length) Object.assign(twin, { query: [...new URLSearchParams(this.rawQuery())], enc: rfc3986 })
    return twin
  }

  authority() { return this.host + (this.port ? `:${this.port}` : '') }

  arranged(pairs, sort, keepEmpty = true) {
    for (const hook of this.hooks) pairs = hook(pairs)
    if (!(this.keepEmpty ?? keepEmpty)) pairs = pairs.filter((p) => p[1] !== '')
    return (this.sort ?? sort ?? plain)(pairs)
  }

  rawQuery(pairs = this.query, sort = null) {
    return this.arranged([...pairs], sort).map(([n, v]) => (
      this.enc(n) + (v !== '' || this.emptyAs ? (this.kv ?? '=') + this.enc(v) : ''))).join(this.amp ?? '&')
  }

  url() {
    const query = this.rawQuery()
    return `${this.scheme}://${this.authority()}${this.base}${this.path}` + (query ? `?${query}` : '')
  }

  /** Names and values sorted by bytes, joined. */
  concat(pairs, drop, keepEmpty, kv = '', amp = '') {
    const dropped = drop.filter((d) => !this.notDropped.includes(d))
    const kept = [...pairs, ...this.extra].filter((p) => !dropped.includes(p[0]))
    return this.arranged(kept, bytesort, keepEmpty)
      .map(([n, v]) => this.textEnc(n) + (this.kv ?? kv) + this.textEnc(v)).join(this.amp ?? amp)
  }
}

/** `code` names it, `also` gives further names that are as right for every request. */
export const mistake = (code, variant, hooks, { provable = 'key', also = [], alone = false, often = 1 } = {}) => ({
  codes: [code], variant, hooks, also, alone, often, provable: alone ? 'alone' : provable, label: `${code}-${variant}`,
})

/** The hooks of this name, one after the other; one that returns nothing has changed the value itself. */
const run = (mistakes, name, value, ...more) => {
  for (const m of mistakes) if (m.hooks[name]) value = m.hooks[name](value, ...more) ?? value
  return value
}
const replaced = (mistakes, name, own) => mistakes.reduce((last, m) => m.hooks[name] ?? last, own)

/** The request that a program with these mistakes sends, and what it signed. */
export function sign(scheme, call, cred, mistakes = []) {
  const sent = run(mistakes, 'call', call.copy())
  const view = run(mistakes, 'view', sent.copy(), scheme)
  const own = run(mistakes, 'cred', { ...cred })
  const fields = run(mistakes, 'fields', scheme.fields(view, own), sent)
  const key = run(mistakes, 'key', scheme.key(own), own, scheme)
  const secret = scheme.wraps ? key.toString() : ''
  const text = run(mistakes, 'text', secret + fields.map((f) => f[1]).join('') + secret)
  const data = run(mistakes, 'data', Buffer.from(text))
  const digest = replaced(mistakes, 'mac', scheme.mac)(key, data)
  const sig = run(mistakes, 'sig', replaced(mistakes, 'out', scheme.out)(digest), cred)
  return { request: run(mistakes, 'wire', scheme.wire(sent, sig, cred, view), sig), sent, sig, text }
}

// --- MACs and encodings --------------------------------------------------------------------------------------------
export const hmac = (name) => (key, data) => crypto.createHmac(name, key).update(data).digest()
export const hash = (name, data) => crypto.createHash(name).update(data).digest()
export const hexed = (digest) => digest.toString('hex')
export const upper = (digest) => hexed(digest).toUpperCase()
export const b64 = (digest) => digest.toString('base64')
export const url64 = (digest) => b64(digest).replaceAll('+', '-').replaceAll('/', '_')

/** The form of tests/mistakes/cases.jsonl. */
export function request(call, { url = call.url(), headers = [] } = {}) {
  const out = { method: call.method, url, headers: [...call.headers, ...headers] }
  if (call.form) {
    out.body = call.form.map(([n, v]) => call.enc(n) + '=' + call.enc(v)).join('&')
    out.headers.push(['Content-Type', call.ctype ?? 'application/x-www-form-urlencoded'])
  } else if (call.body !== null) {
    out.body = call.body
    out.headers.push(['Content-Type', call.ctype ?? 'application/json'])
  }
  return out
}

export function withQuery(call, front, after) {
  const sent = call.copy()
  sent.query = [...front, ...sent.query, ...after]
  return sent.url()
}

/** What a recipe says; the scheme files fill it in. */
export class Scheme {
  constructor(settings) {
    Object.assign(this, {
      base: '', baseSigned: false, otherHosts: [], creds: [{}], otherCred: {}, token: {}, uses: [], order: [], seps: '',
      system: [], dropped: [], sorts: false, hashName: 'sha256', isHmac: true, mac: hmac('sha256'), out: hexed, sigUrl: null,
      sigHeader: null, headerNames: {}, timeForms: {}, fraction: false, rightSamples: 5, known: [], own: () => [],
      leftOut: () => [], key: (cred) => Buffer.from(String(cred[this.secretName])), keyed: true, wraps: false,
      rawKey: (change) => (key) => change(key), ts: (call) => call.timeAs(String(Math.floor(call.ms / 1000))), push: null,
    }, settings)
  }

  get credNames() { return [...new Set([...Object.keys(this.creds[0]), ...Object.keys(this.token)])] }
}
