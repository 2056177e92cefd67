"""Data on which mistakes show: Korean text, blanks, plus, `~` and `*`, empty and repeated values, numbers with fractions,
nested JSON with slashes, and keys that look like hex, like base64, or like something that a shell reads."""
KOREAN = [("keyword", "무선 이어폰"), ("limit", "5")]
ODD = [("q", "a*b~c !('x')"), ("from", "2026-11-28T00:01+09:00"), ("mail", "kim@a.kr, c/d")]
EMPTY = [("status", ""), ("page", "1"), ("nextToken", ""), ("offset", "0")]
VALUES = [("price", "1.0"), ("weight", "12.5"), ("active", "true"), ("hidden", "false"), ("charset", "UTF-8"), ("note", " x "),
          ("ids", "b"), ("ids", "a")]
CASE = [("b", "2"), ("B", "1"), ("a10", "x"), ("a2", "y"), ("_z", "1"), ("c", "a,b")]
QUERIES = [KOREAN, ODD, EMPTY, VALUES, CASE]

BODY = {"name": "무선 이어폰 <b> & co", "url": "https://a.kr/x?y=1", "price": 1.0, "tags": ["a", "b"], "options": {},
        "b": {"z": 1, "a": None}, "active": True}
HEX = "5a4b6c7d8e9f00112233445566778899aabbccddeeff00112233445566778899"
BASE64 = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
ODD_KEY = "p$HOME$$x%2B+y&amp;z#Q=\\n'w\"5<k"
SECRETS = [HEX, BASE64, ODD_KEY]
START = 1_795_929_300_000  # 2026-11-29T05:15:00Z
