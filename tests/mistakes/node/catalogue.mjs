// The mistakes, by code of the catalogue (see ../README.md), for whatever recipe has the part in question.
// What a scheme says in `uses` decides which apply; the words are those of ../python/catalogue.py.
import { inspect } from 'node:util'
import { ALPHABETS, b64, bytesort, component, form, hash, hexed, hmac, mistake, plain, plus, rfc3986, upper,
  url64 } from './signing.mjs'

export const setting = (values) => ({ view: (view) => void Object.assign(view, values) })
const calling = (values) => ({ call: (call) => void Object.assign(call, values) })
export const hooking = (change) => ({ view: (view) => void view.hooks.push(change) })
const values = (change) => hooking((pairs) => pairs.map(([n, v]) => [n, change(v)]))
const path = (change) => ({ view: (view) => void (view.path = change(view.path)) })
export const on = (kind, change) => ({ fields: (fields) => fields.map(([k, t]) => [k, k === kind ? change(t) : t]) })
const loosely = (safe) => (text) => rfc3986(text).replace(/%../g, (c) => (safe.includes(decoded(c)) ? decoded(c) : c))
const decoded = (code) => String.fromCharCode(parseInt(code.slice(1), 16))

// --- Q: parameters -------------------------------------------------------------------------------------------------
function* ofQueryAsSent(raw) {
  yield mistake('Q1', 'decoded', setting({ enc: plain }), { often: 2 })
  yield mistake('Q2', 'encoded-again', setting({ enc: (t) => rfc3986(rfc3986(t)) }))
  yield mistake('Q3', 'plus-signed-for-blank', setting({ enc: plus }), { often: 2 })
  yield mistake('Q3', 'literal-plus', setting({ enc: loosely('+') }))
  for (const [name, enc] of Object.entries(ALPHABETS)) yield mistake('Q4', `signed-${name}`, setting({ enc }))
  if (raw) {
    yield mistake('Q3', 'plus-sent-for-blank', { ...calling({ enc: plus }), ...setting({ enc: rfc3986 }) })
    yield mistake('Q4', 'sent-encodeURIComponent', { ...calling({ enc: component }), ...setting({ enc: rfc3986 }) })
    yield mistake('Q4', 'sent-form', { ...calling({ enc: form }), ...setting({ enc: rfc3986 }) })
    yield mistake('Q1b', 'raw-sent', { ...calling({ enc: loosely(',:@/') }), ...setting({ enc: rfc3986 }) }, { also: ['Q4'] })
    yield mistake('Q7', 'sorted', setting({ sort: (p) => [...p].sort((a, b) => (a[0] < b[0] ? -1 : 1)) }))
  }
  yield mistake('Q8', 'name-without-equals', setting({ emptyAs: '' }))
}

function* ofPairs() {
  const also = ['Q2', 'Q4']
  yield mistake('Q1b', 'rfc3986', setting({ textEnc: rfc3986 }), { also, often: 2 })
  yield mistake('Q1b', 'encodeURIComponent', setting({ textEnc: component }), { also })
  yield mistake('Q1b', 'form', setting({ textEnc: form }), { also })
  yield mistake('Q2', 'sent-encoded-twice', calling({ enc: (t) => rfc3986(rfc3986(t)) }))
  yield mistake('Q3', 'plus-in-text', values((v) => v.replaceAll(' ', '+')))
  yield mistake('Q3', 'plus-sent-raw', calling({ enc: loosely('+') }))
  yield mistake('Q12', 'joined-as-query', setting({ kv: '=', amp: '&' }), { also: ['L3'] })
}

const joined = (pairs) => {
  const out = new Map()
  for (const [n, v] of pairs) out.set(n, out.has(n) ? `${out.get(n)},${v}` : v)
  return [...out]
}
const when = (pattern, change) => values((v) => (pattern.test(v) ? change(v) : v))
const natural = (a, b) => a[0].localeCompare(b[0], 'en', { numeric: true })

function* ofAnyParameters({ system, sorts }) {
  const own = (pairs) => pairs.filter((p) => !system.includes(p[0]))
  yield mistake('Q6', 'all', hooking(() => []))
  if (system.length) {
    yield mistake('Q6', 'all-but-system', hooking((p) => p.filter((x) => system.includes(x[0]))))
    for (const name of system) {
      const also = ['Q9', 'L4', ...(/token|cipher|session/.test(name) ? ['S2'] : [])]
      yield mistake('Q6', `without-${name}`, hooking((p) => p.filter((x) => x[0] !== name)), { also })
    }
    yield mistake('Q7', 'system-first', setting({
      sort: (p) => [...bytesort(p.filter((x) => system.includes(x[0]))), ...bytesort(own(p))] }))
  }
  yield mistake('Q6', 'without-last', hooking((p) => p.filter((x) => x !== own(p).at(-1))), { often: 2 })
  yield mistake('Q6', 'without-first', hooking((p) => p.filter((x) => x !== own(p)[0])))
  yield mistake('Q6', 'only-first', hooking((p) => p.filter((x) => x === own(p)[0] || system.includes(x[0]))))
  yield mistake('Q7', 'reversed', setting({ sort: (p) => [...p].reverse() }))
  yield mistake('Q7', 'as-sent', setting({ sort: plain }))
  yield mistake('Q7', 'descending', setting({ sort: (p) => bytesort(p).reverse() }))
  if (sorts) {
    yield mistake('Q7b', 'ignoring-case', setting({
      sort: (p) => [...p].sort((a, b) => (a[0].toLowerCase() < b[0].toLowerCase() ? -1 : a[0].toLowerCase() > b[0].toLowerCase() ? 1 : 0)) }))
    yield mistake('Q7b', 'localeCompare', setting({ sort: (p) => [...p].sort((a, b) => a[0].localeCompare(b[0], 'en')) }))
    yield mistake('Q7b', 'natural-numbers', setting({ sort: (p) => [...p].sort(natural) }), { provable: 'no' })
    yield mistake('Q7b', 'name-only', setting({ sort: (p) => [...p].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)) }), { also: ['Q7'] })
  }
  yield mistake('Q8', 'dropped', setting({ keepEmpty: false }), { also: ['Q6'] })
  yield mistake('Q8', 'kept', setting({ keepEmpty: true }))
  for (const word of ['null', 'undefined']) {
    const named = (pairs) => pairs.map(([n, v]) => [n, v || word])
    yield mistake('Q8', `as-${word}`, { view: (v) => { v.keepEmpty = true; v.hooks.push(named) } })
  }
  yield mistake('Q8', 'zero-dropped', hooking((p) => p.filter((x) => x[1] !== '0')), { also: ['Q6'] })
  yield mistake('Q8', 'false-dropped', hooking((p) => p.filter((x) => x[1] !== 'false')), { also: ['Q6'] })
  yield mistake('Q13', 'number-as-float', when(/^\d{1,4}$/, (v) => `${v}.0`))
  yield mistake('Q13', 'Number', when(/^\d+\.\d+$/, (v) => String(Number(v))))
  yield mistake('Q13', 'toFixed-2', when(/^\d+\.\d$/, (v) => Number(v).toFixed(2)))
  yield mistake('Q13', 'decimal-comma', when(/^\d+\.\d+$/, (v) => v.replace('.', ',')))
  yield mistake('Q13', 'one-for-true', values((v) => ({ true: '1', false: '0' })[v] ?? v))
  yield mistake('Q13', 'trimmed', values((v) => v.trim()))
  yield mistake('Q13', 'lower-case', when(/^UTF-8$/, (v) => v.toLowerCase()))
  yield mistake('Q13', 'times-100', when(/^\d+\.\d$/, (v) => String(Math.round(Number(v) * 100))))
  yield mistake('Q13', 'joined-by-comma', hooking(joined))
}

function* ofSignedTooMuch(scheme) {
  for (const name of scheme.dropped) {
    yield mistake('Q9', `with-${name}`, { view: (v) => { v.notDropped = [name]; v.extra.push(...scheme.leftOut(v, name)) } })
  }
}

function* ofQueryUncovered() {
  const joinedBy = (mark, change = {}) => ({ view: (v) => {
    const query = Object.assign(v.copy(), change).rawQuery()
    if (query) v.path += mark + query
  } })
  yield mistake('Q5', 'as-sent', joinedBy('?'), { often: 2 })
  yield mistake('Q5', 'without-question-mark', joinedBy(''))
  yield mistake('Q5', 'decoded', joinedBy('?', { enc: plain }), { also: ['Q1+Q5'] })
  yield mistake('Q5', 'form', joinedBy('?', { enc: form }), { also: ['Q3+Q5', 'Q4+Q5'] })
}

// --- M, P, A: method and address -----------------------------------------------------------------------------------
function* ofMethod() {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) yield mistake('M1', method, setting({ method }))
  yield mistake('M2', 'lower', { view: (v) => void (v.method = v.method.toLowerCase()) })
}

function* ofPath(scheme) {
  const cut = (n) => (p) => p.split('/').slice(0, -n).join('/') || '/'
  yield mistake('P1', 'without-last', path(cut(1)))
  yield mistake('P1', 'without-last-two', path(cut(2)))
  yield mistake('P1', 'only-first', path((p) => p.split('/').slice(0, 2).join('/')))
  if (scheme.base) yield mistake('P2', 'without-base', setting({ base: '' }))
  yield mistake('P2b', 'slash-added', path((p) => (p.endsWith('/') ? p : `${p}/`)))
  yield mistake('P2b', 'slash-dropped', path((p) => p.replace(/\/$/, '')))
  yield mistake('P2b', 'first-dropped', on('path', (p) => p.replace(/^\//, '')))
  yield mistake('P2b', 'double-sent', { call: (c) => void (c.path = c.path.replace(/^(\/[^/]+)\//, '$1//')),
    ...path((p) => p.replaceAll('//', '/')) })
  yield mistake('P4', 'decoded', path(decodeURIComponent))
  yield mistake('P4', 'encoded-again', path((p) => p.replaceAll('%', '%25')))
  yield mistake('P4', 'slash-decoded', path((p) => p.replaceAll('%2F', '/')))
}

function* ofPathWithoutHost() {
  const whole = (start) => ({ fields: (f, c) => f.map(([k, t]) => [k, k === 'path' ? start(c) + t : t]) })
  yield mistake('P3', 'whole-address', whole((c) => `${c.scheme}://${c.authority()}`))
  yield mistake('P3', 'with-host', whole((c) => c.authority()))
}

function* ofHost(scheme) {
  for (const host of scheme.otherHosts) yield mistake('P3', `host-${host}`, setting({ host }), { also: ['A1'] })
  yield mistake('P3b', 'http', setting({ scheme: 'http' }), { also: ['A4'] })
  yield mistake('P3b', 'port-added', setting({ port: 443 }))
  yield mistake('P3b', 'upper-case-host', { view: (v) => void (v.host = v.host.toUpperCase()) })
  yield mistake('P3', 'www', { view: (v) => void (v.host = `www.${v.host}`) }, { also: ['A1'] })
}

function* ofUrl() {
  yield mistake('P3', 'path-for-address', on('url', (t) => t.replace(/^\w+:\/\/[^/]+/, '')))
  yield mistake('P3', 'without-scheme', on('url', (t) => t.replace(/^\w+:\/\//, '')), { also: ['P3b'] })
  yield mistake('Q6', 'without-query', on('url', (t) => t.split('?')[0]))
}

// --- B: bodies -----------------------------------------------------------------------------------------------------
const sortedKeys = (v) => (Array.isArray(v) ? v.map(sortedKeys) : v && typeof v === 'object'
  ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sortedKeys(v[k])])) : v)
const escaped = (text) => text.replace(/[^\0-\x7f]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))
const BODIES = {
  stringify: (t) => JSON.stringify(JSON.parse(t)),
  'indent-2': (t) => JSON.stringify(JSON.parse(t), null, 2),
  'indent-4': (t) => JSON.stringify(JSON.parse(t), null, 4),
  'indent-tab': (t) => JSON.stringify(JSON.parse(t), null, '\t'),
  'sorted-keys': (t) => JSON.stringify(sortedKeys(JSON.parse(t))),
  'escaped-unicode': escaped,
  'escaped-slashes': (t) => t.replaceAll('/', '\\/'),
  'html-escapes': (t) => t.replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('>', '\\u003e'),
  inspect: (t) => inspect(JSON.parse(t)),
  'print-of-object': () => '[object Object]',
  'line-feed-at-end': (t) => `${t}\n`,
  'list-for-object': (t) => t.replaceAll('{}', '[]'),
}

function* ofBody(scheme) {
  const [code, other] = scheme.push ? ['B6', 'B1'] : ['B1', 'B6']
  const also = [other]
  const rewritten = (write) => (v) => { if (v.body?.match(/^[{[]/)) v.body = write(v.body) }
  for (const [name, write] of Object.entries(BODIES)) yield mistake(code, name, { view: rewritten(write) }, { also })
  yield mistake(code, 'sent-indent-2', { call: rewritten(BODIES['indent-2']), view: rewritten(BODIES.stringify) }, { also })
  yield mistake('B2', 'empty', { view: (v) => void (v.body = v.body ? '' : v.body) })
  for (const [name, text] of Object.entries({ object: '{}', list: '[]', null: 'null', quotes: '""' })) {
    yield mistake('B3', name, { view: (v) => void (v.body ??= text) })
  }
  yield mistake('B3', 'query-as-json', { view: (v) => void (v.body ??= JSON.stringify(Object.fromEntries(v.query))) })
}

function* ofBodyUncovered() {
  yield mistake('B3', 'body-in-text', { fields: (f, c) => [...f, ['body', c.body ?? '']] }, { also: ['L4', 'H3'] })
}

function* ofCharset() {
  yield mistake('B7', 'latin1', { data: (d) => Buffer.from(d.toString(), 'latin1') }, { provable: 'no' })
  yield mistake('B7', 'utf16le', { data: (d) => Buffer.from(d.toString(), 'utf16le') })
  yield mistake('B7', 'question-marks', { data: (d) => Buffer.from(d.toString().replace(/[^\0-\x7f]/gu, '?')) })
  yield mistake('B7', 'nfd', { text: (t) => t.normalize('NFD') })
  yield mistake('B7', 'byte-order-mark', { text: (t) => `\ufeff${t}` })
}

// --- T: time -------------------------------------------------------------------------------------------------------
export function* ofTime(scheme) {
  const later = (ms) => (v) => void (v.ms += ms)
  for (const [name, ms] of [['second-later', 1000], ['second-earlier', -1000], ['three-seconds', 3000], ['five-earlier', -5000]]) {
    yield mistake('T5', name, { view: later(ms) })
  }
  if (scheme.fraction) yield mistake('T5', 'two-milliseconds', { view: later(2) })
  if (scheme.window !== false) {
    yield mistake('T1', 'clock-behind', { call: later(-3 * 3600_000 - 127_000) }, { alone: true })
    yield mistake('T1', 'clock-ahead', { call: later(2 * 3600_000 + 1_511_000) }, { alone: true })
    yield mistake('T2', 'seoul', { call: later(9 * 3600_000) }, { alone: true })
    yield mistake('T2', 'india', { call: later(5 * 3600_000 + 1_800_000) }, { alone: true })
    yield mistake('T6', 'old', { call: later(-40 * 86_400_000 - 4_321_000) }, { alone: true, also: ['T1'] })
  }
  for (const [name, timeAs] of Object.entries(scheme.timeForms)) {
    const [code, variant] = name.split(' ')
    yield mistake(code, `${variant}-sent`, calling({ timeAs }), { alone: true, also: ['T3', 'T4'] })
    yield mistake(code, `${variant}-signed`, setting({ timeAs }), { also: code === 'T3' ? ['T4'] : [] })
  }
}

// --- K: keys -------------------------------------------------------------------------------------------------------
const fromBase64 = (k) => (/^[A-Za-z0-9+/]+=*$/.test(k) && k.length % 4 === 0 ? Buffer.from(String(k), 'base64') : k)
const fromHex = (k) => (/^([0-9a-f]{2})+$/.test(k) ? Buffer.from(String(k), 'hex') : k)
const textual = (change) => (k) => Buffer.from(change(String(k)))

function* ofKeys(scheme) {
  const secret = scheme.secretName
  const again = (change) => ({ key: (k, cred) => scheme.key({ ...cred, [secret]: change(String(cred[secret])) }) })
  const raw = (change) => ({ key: scheme.rawKey(change) })
  for (const name of scheme.credNames.filter((n) => n !== secret)) {
    yield mistake('K1', name, { key: (k, cred) => scheme.key({ ...cred, [secret]: String(cred[name]) }) })
  }
  const blanks = { 'line-feed': '\n', 'cr-lf': '\r\n', cr: '\r', 'blank-after': ' ', tab: '\t', 'zero-width': '\u200b', 'no-break-blank': '\u00a0' }
  for (const [name, blank] of Object.entries(blanks)) yield mistake('K2', name, again((k) => k + blank))
  yield mistake('K2', 'blank-before', again((k) => ` ${k}`))
  yield mistake('K2', 'byte-order-mark', again((k) => `\ufeff${k}`))
  yield mistake('K3', 'hex', raw(fromHex))
  yield mistake('K3', 'base64', raw(fromBase64))
  yield mistake('K3', 'base64-again', raw((k) => Buffer.from(b64(k))))
  yield mistake('K3', 'hex-again', raw((k) => Buffer.from(hexed(k))))
  const words = { empty: '', null: 'null', undefined: 'undefined', variable: '${' + secret.toUpperCase() + '}',
    template: `{{${secret}}}`, placeholder: 'YOUR_SECRET_KEY' }
  for (const [name, word] of Object.entries(words)) yield mistake('K0', name, again(() => word))
  yield mistake('K4', 'other-account', { key: (k, cred) => scheme.key({ ...cred, ...scheme.otherCred }) }, { provable: 'keys' })
  for (const length of [16, 20, 24, 32, 40]) yield mistake('K6', String(length), raw((k) => k.subarray(0, length)))
  yield mistake('K6', 'last-missing', raw((k) => k.subarray(0, -1)))
  yield mistake('K7', 'dollar-expanded', raw(textual((k) => k.replace(/\$(\w+|\{\w*\})/g, ''))))
  yield mistake('K7', 'dollar-doubled', raw(textual((k) => k.replaceAll('$$', '$'))))
  yield mistake('K7', 'quotes-kept', again((k) => `"${k}"`))
  yield mistake('K7', 'single-quotes-kept', again((k) => `'${k}'`))
  yield mistake('K7', 'percent-decoded', again((k) => k.replaceAll('%2B', '+')))
  yield mistake('K7', 'plus-as-blank', again((k) => k.replaceAll('+', ' ')))
  yield mistake('K7', 'cut-at-hash', again((k) => k.split('#')[0]))
  yield mistake('K7', 'html-entities', again((k) => k.replaceAll('&amp;', '&')))
  yield mistake('K7', 'backslash-read', again((k) => k.replaceAll('\\n', '\n')))
  if (scheme.isHmac) yield mistake('K5', 'swapped', { mac: (key, data) => scheme.mac(data, key) })
}

// --- H, O: hash and output -----------------------------------------------------------------------------------------
function* ofHash(scheme) {
  for (const name of ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']) yield mistake('H1', name, { mac: scheme.macOf?.(name) ?? hmac(name) })
  const joins = { text: (k, d) => [d], 'key-text': (k, d) => [k, d], 'text-key': (k, d) => [d, k], 'key-text-key': (k, d) => [k, d, k] }
  for (const [name, join] of Object.entries(joins)) {
    yield mistake('H2', name, { mac: (k, d) => hash(scheme.hashName, Buffer.concat(join(k, d))) })
  }
}

export function* ofOutput(scheme) {
  if (scheme.ownOutput) {
    yield* ofSentValue(scheme)
    return
  }
  if (scheme.out === b64) {
    yield mistake('O1', 'hex', { out: hexed })
    yield mistake('O1', 'HEX', { out: upper }, { also: ['O1+O3'] })
    yield mistake('O5', 'base64url', { out: url64 })
    yield mistake('O5', 'unpadded', { out: (d) => b64(d).replace(/=+$/, '') })
    yield mistake('O5', 'base64url-unpadded', { out: (d) => d.toString('base64url') })
  } else {
    yield mistake('O3', 'case', { out: scheme.out === upper ? hexed : upper })
    yield mistake('O1', 'base64', { out: b64 })
    yield mistake('O1', 'base64url', { out: (d) => d.toString('base64url') }, { also: ['O1+O5'] })
    yield mistake('O4', 'hex-of-hex', { out: (d) => scheme.out(Buffer.from(scheme.out(d))) })
  }
  yield mistake('O2', 'base64-of-hex', { out: (d) => b64(Buffer.from(hexed(d))) })
  yield mistake('O2', 'base64-of-HEX', { out: (d) => b64(Buffer.from(upper(d))) }, { also: ['O2+O3'] })
  yield* ofSentValue(scheme)
}

export function* ofSentValue(scheme) {
  const residue = { object: '[object Object]', promise: '[object Promise]', true: 'true', source: 'function () { [native code] }', template: '{{signature}}' }
  for (const [name, text] of Object.entries(residue)) yield mistake('O7', name, { out: () => text }, { alone: true })
  yield mistake('O7', 'quotes', { out: (d) => `"${scheme.out(d)}"` }, { alone: true })
  yield mistake('K10', 'secret-sent', { sig: (s, cred) => String(cred[scheme.secretName]) }, { alone: true })
  if (scheme.sigUrl && scheme.out === b64) {
    const inUrl = (change) => (r, sig) => ({ ...r, url: r.url.replace(rfc3986(sig), () => change(sig)) })
    yield mistake('O6', 'not-encoded', { wire: inUrl(plain) }, { alone: true })
    yield mistake('O6', 'plus-as-blank', { wire: inUrl((s) => rfc3986(s.replaceAll('+', ' '))) }, { alone: true })
    yield mistake('O6', 'encoded-twice', { wire: inUrl((s) => rfc3986(rfc3986(s))) }, { alone: true })
  }
  for (const [sent, right] of Object.entries(scheme.headerNames)) {
    yield mistake('A6', `${sent}-for-${right}`, { wire: (r) => ({ ...r, headers: r.headers.map(([n, v]) => [n === right ? sent : n, v]) }) }, { alone: true, also: ['A5'] })
  }
  if (scheme.sigHeader) {
    yield mistake('A5', 'not-sent', { wire: (r) => ({ ...r, headers: r.headers.filter((h) => h[0] !== scheme.sigHeader) }) },
      { alone: true, also: ['A6'] })
    yield mistake('A5', 'twice', { wire: (r, s) => ({ ...r, headers: r.headers.flatMap((h) => (h[0] === scheme.sigHeader ? [h, h] : [h])) }) },
      { alone: true })
  }
}

// --- L: fields and separators --------------------------------------------------------------------------------------
export function* ofFields(scheme) {
  const kinds = scheme.order.filter((k) => !['sep', 'secret'].includes(k))
  const names = { token: ['S2', 'Q6'], body: ['B2'], id: ['Q6', 'S2'], pairs: ['Q6'], path: ['P1'] }
  const without = (kind) => ({ fields: (fields) => {
    let skip = false
    return fields.filter(([k]) => {
      if (k === kind) { skip = true; return false }
      if (skip && k === 'sep') { skip = false; return false }
      skip = false
      return true
    })
  } })
  const exchanged = (a, b) => ({ fields: (fields) => {
    const texts = Object.fromEntries(fields)
    return fields.map(([k, t]) => [k, k === a ? texts[b] : k === b ? texts[a] : t])
  } })
  for (const kind of kinds) yield mistake('L4', `without-${kind}`, without(kind), { also: [...(names[kind] ?? []), 'L3'] })
  for (let i = 1; i < kinds.length; i += 1) yield mistake('L4', `${kinds[i]}-before-${kinds[i - 1]}`, exchanged(kinds[i - 1], kinds[i]))
  if (scheme.seps) {
    yield mistake('L3', 'missing', on('sep', () => ''))
    yield mistake('L3', 'doubled', on('sep', (t) => t + t))
    yield mistake('L3', 'comma', on('sep', () => ','))
    yield mistake('L3', 'colon', on('sep', () => ':'))
  }
  yield mistake('L3', 'line-feed-at-end', { text: (t) => `${t}\n` })
  yield mistake('L3', 'ampersand-between', { fields: (f) => f.filter((x) => x[0] !== 'sep').flatMap((x) => [x, ['sep', '&']]).slice(0, -1) })
  if (scheme.seps.includes('\n')) {
    yield mistake('L1', 'backslash-n', { text: (t) => t.replaceAll('\n', '\\n') })
    yield mistake('L2', 'cr-lf', { text: (t) => t.replaceAll('\n', '\r\n') })
    yield mistake('L2', 'cr', { text: (t) => t.replaceAll('\n', '\r') })
    yield mistake('L3', 'last-missing', { text: (t) => t.replace(/\n$/, '') })
  }
}

export function mistakes(scheme) {
  const has = (...names) => names.some((n) => scheme.uses.includes(n))
  return [
    ...(has('query', 'url', 'pairs_enc') ? ofQueryAsSent(has('query', 'url')) : []),
    ...(has('pairs') ? ofPairs() : []),
    ...(has('query', 'url', 'pairs', 'pairs_enc') ? [...ofAnyParameters(scheme), ...ofSignedTooMuch(scheme)] : []),
    ...(has('method') ? ofMethod() : []),
    ...(has('path', 'url') ? ofPath(scheme) : []),
    ...(has('path') ? ofPathWithoutHost() : []),
    ...(has('path') && !has('query', 'pairs', 'pairs_enc') ? ofQueryUncovered() : []),
    ...(has('url', 'host') ? ofHost(scheme) : []),
    ...(has('url') ? ofUrl() : []),
    ...(has('body') ? ofBody(scheme) : has('uncovered') ? ofBodyUncovered() : []),
    ...ofCharset(),
    ...(has('time') ? ofTime(scheme) : []),
    ...(scheme.keyed ? [...ofKeys(scheme), ...ofHash(scheme), ...ofOutput(scheme)] : []),
    ...ofFields(scheme),
    ...scheme.own(),
  ]
}
