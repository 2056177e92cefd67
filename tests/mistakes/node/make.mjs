// Prints the cases of the Node signers, one JSON object a line: node tests/mistakes/node/make.mjs [--all] [--missing]
// What --all adds, and what a case says, stands in ../README.md.
import crypto from 'node:crypto'
import { mistakes } from './catalogue.mjs'
import { SCHEMES as ASYMMETRIC } from './asymmetric.mjs'
import { SCHEMES as NAVER } from './naver.mjs'
import { SCHEMES as OAUTH1 } from './oauth1.mjs'
import { SCHEMES as PUSHES } from './pushes.mjs'
import { mistake, sign } from './signing.mjs'
import { SCHEMES as TEXTS } from './text_schemes.mjs'

const EVERYTHING = process.argv.includes('--all')
const MISSING = process.argv.includes('--missing')
const PAIRS = 12
const NONES = 2

const number = (text) => crypto.createHash('md5').update(text).digest().readUInt32BE()
const rfc3339 = (ms) => new Date(ms).toISOString().replace(/\.\d+/, '')

/** The published answers first: a signer that does not know them has no business here. */
function prove(scheme) {
  for (const [cred, call, expected, expectedText] of scheme.known) {
    const { sig, text } = sign(scheme, Object.assign(call, { host: call.host || scheme.host }), cred)
    if ((expected && sig !== expected) || (expectedText && text !== expectedText)) {
      throw new Error(`${scheme.name}: ${sig} is not the published ${expected}\n${text}`)
    }
  }
}

/** All samples of a scheme, and what every single mistake makes of them. */
class Bench {
  constructor(scheme) {
    this.scheme = scheme
    this.title = scheme.push ? `${scheme.name}-push` : scheme.name
    this.mistakes = mistakes(scheme)
    const samples = scheme.samples()
    const first = samples.map((call) => [call, { ...scheme.creds[0], ...scheme.token }])
    const others = scheme.creds.slice(1).flatMap((cred) => samples.slice(0, 2).map((call) => [call, { ...cred, ...scheme.token }]))
    this.places = [...first, ...others]
    this.made = this.places.map(([call, cred]) => this.singles(call, cred))
    this.codes = new Set()
  }

  /** Per mistake: what is sent, if that is wrong; and which mistakes make the same bytes. */
  singles(call, cred) {
    const right = JSON.stringify(sign(this.scheme, call, cred).request)
    const decoded = this.scheme.uses.some((u) => u.startsWith('pairs'))
    const made = new Map()
    const same = new Map()
    for (const m of this.mistakes) {
      const { request, sent, sig } = sign(this.scheme, call, cred, [m])
      const text = JSON.stringify(request)
      if (text === right || (!m.alone && sig === sign(this.scheme, sent.received(decoded), cred).sig)) continue
      made.set(m.label, [request, text])
      same.set(text, [...(same.get(text) ?? []), m])
    }
    return { made, same }
  }

  rotated(label) {
    const start = number(`${this.title}/${label}`)
    return this.places.map((_, i) => (i + start) % this.places.length)
  }

  case(ident, place, request, kind, codes, also, variant, provable, others = false) {
    const [call, cred] = this.places[place]
    const { scheme } = this
    const credentials = Object.fromEntries(Object.keys(scheme.creds[0]).map((n) => [n, cred[n]]))
    const line = { id: `${this.title}/${ident}`, scheme: scheme.name, credentials, token: scheme.token, request,
      now: rfc3339(call.ms + (scheme.later ?? 2000)), kind, codes, also, variant, provable }
    if (call.level) line.level = call.level
    if (scheme.push) line.push = scheme.push
    if (others) line.others = [{ name: 'other', credentials: { ...credentials, ...scheme.otherCred }, token: scheme.token }]
    return line
  }

  wanted(m) {
    const first = !this.codes.has(m.codes[0])
    if (!first && !EVERYTHING && number(`${this.title}/${m.label}`) % 4) return false
    if (this.made.some((p) => p.made.has(m.label))) this.codes.add(m.codes[0])
    return true
  }

  * singleCases() {
    for (const m of this.mistakes) {
      if (!this.wanted(m)) continue
      let done = 0
      for (const place of this.rotated(m.label)) {
        const found = this.made[place].made.get(m.label)
        if (!found || done === m.often) continue
        done += 1
        const twins = this.made[place].same.get(found[1])
        const names = new Set(twins.flatMap((t) => [t.codes.join('+'), ...t.also]))
        names.delete(m.codes[0])
        const provable = (twins.find((t) => t.provable !== 'no') ?? m).provable
        yield this.case(`${m.label}/${done}`, place, found[0], m.alone ? 'alone' : 'single', m.codes, [...names].sort(), m.variant,
          provable, m.provable === 'keys')
      }
      if (!done && MISSING) console.error(`${this.title}: no sample shows ${m.label}`)
    }
  }

  * pairCases() {
    const kind = (letters) => this.mistakes.filter((m) => letters.includes(m.codes[0][0]) && !m.alone && m.provable === 'key')
    const [first, second] = [kind('QPMLTBS'), kind('KOH')]
    const chosen = new Set()
    if (!first.length || !second.length) return
    for (let turn = 0; chosen.size < (this.scheme.push ? 6 : PAIRS) && turn < 20 * PAIRS; turn += 1) {
      const a = first[number(`${this.title}${turn}text`) % first.length]
      const b = second[number(`${this.title}${turn}key`) % second.length]
      const codes = `${a.codes[0]}+${b.codes[0]}`
      const found = chosen.has(codes) ? null : this.pairCase(a, b)
      if (!found) continue
      chosen.add(codes)
      yield found
    }
  }

  pairCase(a, b) {
    for (const place of this.rotated(a.label + b.label)) {
      const { made, same } = this.made[place]
      if (!made.has(a.label) || !made.has(b.label)) continue
      const { request } = sign(this.scheme, ...this.places[place], [a, b])
      const text = JSON.stringify(request)
      if (same.has(text)) continue
      const names = (m) => same.get(made.get(m.label)[1]).flatMap((t) => [t.codes[0], ...t.also])
      const both = new Set(names(a).flatMap((x) => names(b).map((y) => [...new Set([...x.split('+'), ...y.split('+')])].sort().join('+'))))
      const codes = [a.codes[0], b.codes[0]].sort()
      both.delete(codes.join('+'))
      return this.case(`${a.label}+${b.label}`, place, request, 'pair', codes, [...both].sort(), `${a.variant} and ${b.variant}`, 'key')
    }
    return null
  }

  * rightCases() {
    const count = Math.min(this.scheme.samples().length, this.scheme.rightSamples)
    for (let i = 0; i < count; i += 1) {
      const place = (i * 4) % this.places.length
      yield this.case(`right/${i + 1}`, place, sign(this.scheme, ...this.places[place]).request, 'right', [], [], '', 'key')
    }
  }

  /** A key that nobody has, and a text with a part that nobody can guess. */
  * noneCases() {
    for (let i = 0; i < NONES; i += 1) {
      const unknown = crypto.createHash('sha256').update(`${this.title} unknown ${i}`).digest('hex')
      const key = mistake('none', 'key', { key: (k, cred, s) => (s.unknownKey ? s.unknownKey(i) : s.key({ ...cred, [s.secretName]: unknown })) })
      const text = mistake('none', 'text', { text: (t) => t.slice(0, 7) + unknown.slice(0, 24) + t.slice(7) })
      for (const [m, name, step] of [[key, 'signed with another key', 1], [text, 'something else in the text', 3]]) {
        // The key of a bcrypt hash, its salt, stands in the hash: another one shows.
        if (m === key && this.scheme.keyShows) continue
        const place = (5 * i + step) % this.places.length
        yield this.case(`none-${m.variant}/${i + 1}`, place, sign(this.scheme, ...this.places[place], [m]).request, 'none', [], [], name, 'no')
      }
    }
  }

  * cases() {
    yield* this.rightCases()
    yield* this.noneCases()
    yield* this.singleCases()
    yield* this.pairCases()
  }
}

for (const scheme of [...TEXTS, ...OAUTH1, ...NAVER, ...ASYMMETRIC, ...PUSHES]) {
  prove(scheme)
  for (const line of new Bench(scheme).cases()) console.log(JSON.stringify(line))
}
