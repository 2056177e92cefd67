"""Prints the cases of the Python signers, one JSON object a line: python3 tests/mistakes/python/make.py [--all]

Without --all every code of a scheme is there, but of its variants only some; with it, all of them."""
import hashlib
import json
import sys
import zlib

import aws
import sorted_schemes
import text_schemes
from catalogue import mistakes
from signing import Mistake, rfc3339, sign

SCHEMES = text_schemes.SCHEMES + sorted_schemes.SCHEMES + aws.SCHEMES
TEXTS, KEYS = "QPMLTBS", "KOH"
PAIRS, NONES = 12, 2
EVERYTHING = "--all" in sys.argv


def prove(scheme):
    """The published answers first: a signer that does not know them has no business here."""
    for cred, call, expected in scheme.known:
        _, _, signature, text = sign(scheme, call, cred)
        if signature != expected:
            sys.exit(f"{scheme.name}: {signature} is not the published {expected}\n{text}")


class Bench:
    """All samples of a scheme, each with each kind of key, and what every single mistake makes of them."""

    def __init__(self, scheme):
        self.scheme, self.mistakes = scheme, mistakes(scheme)
        samples = scheme.samples()
        self.places = [(c, {**scheme.creds[0], **scheme.token}) for c in samples] + [
            (c, {**k, **scheme.token}) for k in scheme.creds[1:] for c in samples[:2]]
        self.codes = set()
        self.made = [self.singles(*place) for place in self.places]

    def singles(self, call, cred):
        """Per mistake: what is sent, if that is wrong; and which labels make the same bytes."""
        right = sign(self.scheme, call, cred)[0]
        made, same = {}, {}
        decoded = self.scheme.uses & {"pairs", "pairs_enc"}
        for m in self.mistakes:
            sent, after, signature, _ = sign(self.scheme, call, cred, [m])
            due = sign(self.scheme, after.received(decoded), cred)[2]
            if sent == right or (not m.alone and signature == due):
                continue
            text = json.dumps(sent, sort_keys=True)
            made[m.label()] = (sent, text)
            same.setdefault(text, []).append(m)
        return made, same

    def rotated(self, label):
        start = zlib.crc32(f"{self.scheme.name}/{label}".encode()) % len(self.places)
        order = range(len(self.places))
        return [(i + start) % len(self.places) for i in order]

    def case(self, ident, place, sent, kind, codes, also, variant, provable, others=False):
        call, cred = self.places[place]
        own = {k: v for k, v in cred.items() if k in self.scheme.creds[0]}
        line = {"id": f"{self.scheme.name}/{ident}", "scheme": self.scheme.name, "credentials": own,
                "token": dict(self.scheme.token), "request": sent, "now": rfc3339(call.ms + 2000), "kind": kind, "codes": codes,
                "also": also, "variant": variant, "provable": provable}
        if call.level:
            line["level"] = call.level
        if others:
            line["others"] = [{"name": "other", "credentials": {**own, **self.scheme.other_cred}, "token": dict(self.scheme.token)}]
        return line

    def single_cases(self):
        for m in self.mistakes:
            if not self.wanted(m):
                continue
            done = 0
            for place in self.rotated(m.label()):
                made, same = self.made[place]
                if m.label() not in made or done == m.often:
                    continue
                done += 1
                sent, text = made[m.label()]
                twins = same[text]
                names = {"+".join(t.codes) for t in twins} | {a for t in twins for a in t.also}
                provable = next((t.provable for t in twins if t.provable != "no"), m.provable)
                yield self.case(f"{m.label()}/{done}", place, sent, "alone" if m.alone else "single", m.codes,
                                sorted(names - set(m.codes)), m.variant, provable, m.provable == "keys")
            if not done and "--missing" in sys.argv:
                print(f"{self.scheme.name}: no sample shows {m.label()}", file=sys.stderr)

    def wanted(self, mistake):
        """The first of a code, and a quarter of the others, another quarter for each scheme."""
        first = mistake.codes[0] not in self.codes
        if first or EVERYTHING or zlib.crc32(f"{self.scheme.name}/{mistake.label()}".encode()) % 4 == 0:
            if any(mistake.label() in made for made, _ in self.made):
                self.codes.add(mistake.codes[0])
            return True
        return False

    def pair_cases(self):
        first = [m for m in self.mistakes if m.codes[0][0] in TEXTS and not m.alone and m.provable == "key"]
        second = [m for m in self.mistakes if m.codes[0][0] in KEYS and not m.alone and m.provable == "key"]
        chosen, turn = set(), 0
        while len(chosen) < PAIRS and turn < 20 * PAIRS:
            turn += 1
            pick = lambda of, word: of[zlib.crc32(f"{self.scheme.name}{turn}{word}".encode()) % len(of)]
            a, b = pick(first, "text"), pick(second, "key")
            codes = (a.codes[0], b.codes[0])
            if codes in chosen:
                continue
            case = self.pair_case(a, b)
            if case:
                chosen.add(codes)
                yield case

    def pair_case(self, a, b):
        for place in self.rotated(a.label() + b.label()):
            call, cred = self.places[place]
            made, same = self.made[place]
            if a.label() not in made or b.label() not in made:
                continue
            sent = sign(self.scheme, call, cred, [a, b])[0]
            text = json.dumps(sent, sort_keys=True)
            if text in same or text in (made[a.label()][1], made[b.label()][1]):
                continue
            names = lambda m: {n for t in same[made[m.label()][1]] for n in t.codes + t.also}
            both = {"+".join(sorted(set(x.split("+") + y.split("+")))) for x in names(a) for y in names(b)}
            codes = sorted([a.codes[0], b.codes[0]])
            return self.case(f"{a.label()}+{b.label()}", place, sent, "pair", codes, sorted(both - {"+".join(codes)}),
                             f"{a.variant} and {b.variant}", "key")
        return None

    def right_cases(self):
        count = len(self.scheme.samples())
        for number in range(min(count, self.scheme.right_samples)):
            place = (number * 4) % len(self.places)
            yield self.case(f"right/{number + 1}", place, sign(self.scheme, *self.places[place])[0], "right", [], [], "", "key")

    def none_cases(self):
        """A key that nobody has, and a text with a part that nobody can guess."""
        for number in range(NONES):
            unknown = hashlib.sha256(f"{self.scheme.name} unknown {number}".encode()).hexdigest()
            place = (5 * number + 1) % len(self.places)
            key = Mistake("none", "key", key=lambda k, cred, s: s.key({**cred, s.secret_name: unknown}))
            yield self.case(f"none-key/{number + 1}", place, sign(self.scheme, *self.places[place], [key])[0], "none", [], [],
                            "signed with another key", "no")
            place = (7 * number + 3) % len(self.places)
            text = Mistake("none", "text", text=lambda t: t[:7] + unknown[:24] + t[7:])
            yield self.case(f"none-text/{number + 1}", place, sign(self.scheme, *self.places[place], [text])[0], "none", [], [],
                            "something else in the text", "no")

    def cases(self):
        yield from self.right_cases()
        yield from self.none_cases()
        yield from self.single_cases()
        yield from self.pair_cases()


def main():
    for scheme in SCHEMES:
        prove(scheme)
        for case in Bench(scheme).cases():
            print(json.dumps(case, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
