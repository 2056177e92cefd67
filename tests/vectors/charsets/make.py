"""Writes `charsets.json` from the WHATWG Encoding Standard (https://github.com/whatwg/encoding):

    python3 make.py FOLDER

FOLDER holds `encodings.json` and `index-*.txt` of that repository. The decoders below are written from
the text of the standard. For every lead byte of a multi-byte encoding the result has the SHA-256 of the
lines "BYTES CODEPOINTS" of all sequences that begin with it. It also prints where Python's own codecs
differ.
"""

import hashlib
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])


def index(name):
    lines = (folder / f"index-{name}.txt").read_text().splitlines()
    rows = (line.split() for line in lines if line.strip() and not line.startswith("#"))
    return {int(row[0]): int(row[1], 16) for row in rows}


BIG5, EUC_KR, GB18030, JIS0208, JIS0212 = map(index, ["big5", "euc-kr", "gb18030", "jis0208", "jis0212"])
BIG5_PAIRS = {1133: (0xCA, 0x304), 1135: (0xCA, 0x30C), 1164: (0xEA, 0x304), 1166: (0xEA, 0x30C)}


def euc_kr(lead, trail):
    if 0x41 <= trail <= 0xFE:
        return EUC_KR.get((lead - 0x81) * 190 + trail - 0x41)


def big5(lead, trail):
    if 0x40 <= trail <= 0x7E or 0xA1 <= trail <= 0xFE:
        pointer = (lead - 0x81) * 157 + trail - (0x40 if trail < 0x7F else 0x62)
        return BIG5_PAIRS.get(pointer, BIG5.get(pointer))


def gb18030(lead, trail):
    if 0x40 <= trail <= 0x7E or 0x80 <= trail <= 0xFE:
        return GB18030.get((lead - 0x81) * 190 + trail - (0x40 if trail < 0x7F else 0x41))


def shift_jis(lead, trail):
    if not (0x81 <= lead <= 0x9F or 0xE0 <= lead <= 0xFC):
        return None
    if 0x40 <= trail <= 0x7E or 0x80 <= trail <= 0xFC:
        pointer = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 188 + trail - (0x40 if trail < 0x7F else 0x41)
        if 8836 <= pointer <= 10715:
            return 0xE000 - 8836 + pointer
        return JIS0208.get(pointer)


def euc_jp(lead, trail):
    if lead == 0x8E and 0xA1 <= trail <= 0xDF:
        return 0xFF61 - 0xA1 + trail
    if 0xA1 <= lead <= 0xFE and 0xA1 <= trail <= 0xFE:
        return JIS0208.get((lead - 0xA1) * 94 + trail - 0xA1)


def euc_jp_3(first, second):
    if 0xA1 <= first <= 0xFE and 0xA1 <= second <= 0xFE:
        return JIS0212.get((first - 0xA1) * 94 + second - 0xA1)


# Name in the standard → prefix and decoder of two bytes behind it, and Python's nearest codecs.
TABLES = {
    "EUC-KR": [(b"", euc_kr, ["cp949"])],
    "Big5": [(b"", big5, ["big5hkscs"])],
    "GBK": [(b"", gb18030, ["gbk"])],
    "gb18030": [(b"", gb18030, ["gb18030"])],
    "Shift_JIS": [(b"", shift_jis, ["cp932"])],
    "EUC-JP": [(b"", euc_jp, ["euc_jp"]), (b"\x8f", euc_jp_3, ["euc_jp"])],
}


def rows(prefix, decoder):
    for lead in range(0x81, 0xFF):
        # A byte that is a character by itself begins no sequence.
        row = []
        for trail in range(0x100):
            found = decoder(lead, trail)
            if found is not None:
                points = found if isinstance(found, tuple) else (found,)
                row.append((prefix + bytes([lead, trail]), points))
        if row:
            yield row


def main():
    labels = {}
    for group in json.loads((folder / "encodings.json").read_text()):
        for encoding in group["encodings"]:
            for label in encoding["labels"]:
                labels[label] = encoding["name"]
    tables = {}
    for name, parts in TABLES.items():
        table = tables[name] = {}
        for prefix, decoder, codecs in parts:
            same = differ = absent = 0
            for row in rows(prefix, decoder):
                lines = [f"{key.hex()} {' '.join(f'{point:x}' for point in points)}\n" for key, points in row]
                digest = hashlib.sha256("".join(lines).encode()).hexdigest()
                table[row[0][0][:-1].hex()] = f"{len(row)} {digest}"
                for key, points in row:
                    try:
                        python = key.decode(codecs[0])
                    except UnicodeDecodeError:
                        absent += 1
                        continue
                    is_same = python == "".join(map(chr, points))
                    same, differ = same + is_same, differ + (not is_same)
            print(f"{name} {prefix.hex()}: {same} as in Python's {codecs[0]}, {differ} differ, {absent} it lacks")
    result = {"source": "whatwg/encoding at a985b62", "labels": labels, "tables": tables}
    pathlib.Path(__file__).with_name("charsets.json").write_text(json.dumps(result, indent=1) + "\n")


main()
