// Data on which mistakes show; see ../python/data.py.
export const KOREAN = [['keyword', '무선 이어폰'], ['limit', '5']]
export const ODD = [['q', "a*b~c !('x')"], ['from', '2026-11-28T00:01+09:00'], ['mail', 'kim@a.kr, c/d']]
export const EMPTY = [['status', ''], ['page', '1'], ['nextToken', ''], ['offset', '0']]
export const VALUES = [['price', '1.0'], ['weight', '12.5'], ['active', 'true'], ['hidden', 'false'], ['charset', 'UTF-8'],
  ['note', ' x '], ['ids', 'b'], ['ids', 'a']]
export const CASE = [['b', '2'], ['B', '1'], ['a10', 'x'], ['a2', 'y'], ['_z', '1'], ['c', 'a,b']]
export const QUERIES = [KOREAN, ODD, EMPTY, VALUES, CASE]
export const BODY = { name: '무선 이어폰 <b> & co', url: 'https://a.kr/x?y=1', price: 10, tags: ['a', 'b'], options: {},
  b: { z: 1, a: null }, active: true }
export const BODY_TEXT = JSON.stringify(BODY).replace('"price":10', '"price":1.0')
export const SECRETS = ['5a4b6c7d8e9f00112233445566778899aabbccddeeff00112233445566778899',
  'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=', 'p$HOME$$x%2B+y&amp;z#Q=\\n\'w"5<k']
export const START = 1_795_929_300_000
