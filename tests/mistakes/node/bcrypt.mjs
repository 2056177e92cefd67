// bcrypt as Provos and Mazières describe it ("A Future-Adaptable Password Scheme", 1999), for the token request of Naver
// Commerce. Node has none. The tables of Blowfish are the hexadecimal digits of pi, which are computed here.
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Words of the fraction of pi: Machin's formula, 16 arctan(1/5) - 4 arctan(1/239). */
function piWords(count) {
  const bits = BigInt(count * 32 + 64)
  const one = 1n << bits
  const arctan = (x) => {
    let [power, sum, n, sign] = [one / x, one / x, 3n, -1n]
    while (power > 0n) {
      power /= x * x
      sum += sign * (power / n)
      n += 2n
      sign = -sign
    }
    return sum
  }
  const fraction = (16n * arctan(5n) - 4n * arctan(239n)) - 3n * one
  const hex = (fraction >> 64n).toString(16).padStart(count * 8, '0')
  return Uint32Array.from({ length: count }, (_, i) => parseInt(hex.slice(i * 8, i * 8 + 8), 16))
}

const TABLE = piWords(18 + 1024)

function encipher(p, s, left, right) {
  for (let i = 0; i < 16; i += 2) {
    left ^= p[i]
    right ^= ((((s[left >>> 24] + s[256 + ((left >>> 16) & 255)]) ^ s[512 + ((left >>> 8) & 255)]) + s[768 + (left & 255)]) | 0) ^ p[i + 1]
    left ^= (((s[right >>> 24] + s[256 + ((right >>> 16) & 255)]) ^ s[512 + ((right >>> 8) & 255)]) + s[768 + (right & 255)]) | 0
  }
  return [right ^ p[17], left ^ p[16]]
}

function decode(text) {
  const out = []
  const value = (c) => ALPHABET.indexOf(c)
  for (let i = 0; i < text.length; i += 4) {
    const [a, b, c, d] = [...text.slice(i, i + 4)].map(value)
    out.push((a << 2) | (b >> 4))
    if (c !== undefined) out.push(((b & 15) << 4) | (c >> 2))
    if (d !== undefined) out.push(((c & 3) << 6) | d)
  }
  return out
}

function encode(bytes) {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = bytes.slice(i, i + 3)
    out += ALPHABET[a >> 2] + ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)]
    if (b !== undefined) out += ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)]
    if (c !== undefined) out += ALPHABET[c & 63]
  }
  return out
}

/** The 60 characters for a salt such as `$2a$04$…`. */
export function bcrypt(password, salted) {
  const [, version, cost, text] = /^\$(2[aby])\$(\d\d)\$([./A-Za-z0-9]{22})/.exec(salted)
  const salt = decode(text).slice(0, 16)
  const key = [...Buffer.from(password), 0].slice(0, 72)
  const p = TABLE.slice(0, 18)
  const s = TABLE.slice(18)
  const words = (bytes) => {
    let at = 0
    return () => {
      let word = 0
      for (let i = 0; i < 4; i += 1) { word = (word << 8) | bytes[at]; at = (at + 1) % bytes.length }
      return word
    }
  }
  const schedule = (keyBytes, saltBytes) => {
    const nextKey = words(keyBytes)
    for (let i = 0; i < 18; i += 1) p[i] ^= nextKey()
    const nextSalt = words(saltBytes)
    let [l, r] = [0, 0]
    const fill = (table) => {
      for (let i = 0; i < table.length; i += 2) {
        [l, r] = encipher(p, s, l ^ nextSalt(), r ^ nextSalt())
        table[i] = l
        table[i + 1] = r
      }
    }
    fill(p)
    fill(s)
  }
  const zero = [0]
  schedule(key, salt)
  for (let i = 0; i < 2 ** Number(cost); i += 1) { schedule(key, zero); schedule(salt, zero) }
  const data = Buffer.from('OrpheanBeholderScryDoubt')
  const out = []
  for (let i = 0; i < 24; i += 8) {
    let [l, r] = [data.readInt32BE(i), data.readInt32BE(i + 4)]
    for (let n = 0; n < 64; n += 1) [l, r] = encipher(p, s, l, r)
    for (const word of [l, r]) for (let shift = 24; shift >= 0; shift -= 8) out.push((word >>> shift) & 255)
  }
  return `$${version}$${cost}$${encode(salt)}${encode(out.slice(0, 23))}`
}
