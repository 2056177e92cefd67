"""Times, shifts and periods in 20 zones, computed without ingam: by zoneinfo and dateutil.

    python3 generate.py COUNT SEED > times.tsv

Each line: Unix milliseconds, a template of the language, and the JSON that it must give. The
moments lie near changes of clocks, the ends of months and leap days, where mistakes are made.
"""

import json
import random
import sys
from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

ZONES = [
    "Asia/Seoul",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Santiago",
    "America/Asuncion",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Asia/Jerusalem",
]
UNITS = [("y", "years"), ("mo", "months"), ("w", "weeks"), ("d", "days")]
CLOCK_UNITS = [("h", 3600), ("m", 60), ("s", 1)]
DAY = 86400


def local(stamp, zone):
    return datetime.fromtimestamp(stamp, timezone.utc).astimezone(ZoneInfo(zone))


def label(stamp, zone, unit):
    """What the clocks and calendars of a zone call the period around a moment."""
    time = local(stamp, zone)
    return {
        "hour": (time.year, time.month, time.day, time.hour),
        "day": (time.year, time.month, time.day),
        "week": (time.date() - timedelta(days=time.weekday())),
        "month": (time.year, time.month),
        "year": (time.year,),
    }[unit]


@lru_cache(maxsize=None)
def changes(zone, day):
    """The moments near a day at which the offset of a zone changes, to the second."""
    found = []
    step = 1800
    for begin in range((day - 3) * DAY, (day + 4) * DAY, step):
        if local(begin, zone).utcoffset() != local(begin + step, zone).utcoffset():
            low, high = begin, begin + step
            while high - low > 1:
                middle = (low + high) // 2
                if local(middle, zone).utcoffset() == local(begin, zone).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
    return found


def offsets(zone, day):
    stamps = [(day - 3) * DAY, *changes(zone, day), (day + 4) * DAY]
    return {local(stamp, zone).utcoffset().total_seconds() for stamp in stamps}


def candidates(wall, zone):
    """Every moment near a wall clock time at which a period can begin."""
    naive = int(wall.replace(tzinfo=timezone.utc).timestamp())
    day = naive // DAY
    return {naive - int(offset) for offset in offsets(zone, day)} | set(changes(zone, day))


def period(stamp, zone, unit):
    """The first and the last second that bear the same label as `stamp`."""
    time = local(stamp, zone).replace(tzinfo=None, minute=0, second=0, microsecond=0, fold=0)
    if unit != "hour":
        time = time.replace(hour=0)
    if unit == "week":
        time -= timedelta(days=time.weekday())
    if unit in ("month", "year"):
        time = time.replace(day=1)
    if unit == "year":
        time = time.replace(month=1)
    length = {
        "hour": timedelta(hours=1),
        "day": timedelta(days=1),
        "week": timedelta(days=7),
        "month": relativedelta(months=1),
        "year": relativedelta(years=1),
    }[unit]
    wanted = label(stamp, zone, unit)
    first = min(at for at in candidates(time, zone) if label(at, zone, unit) == wanted)
    ends = (at - 1 for at in candidates(time + length, zone))
    last = max(at for at in ends if label(at, zone, unit) == wanted)
    return first, last


def random_shift(rng):
    sign = rng.choice("+-")
    calendar = [(unit, rng.choice([1, 1, 2, 3, 11, 25])) for unit in UNITS if rng.random() < 0.3]
    clock = [(unit, rng.randint(1, 90)) for unit in CLOCK_UNITS if rng.random() < 0.2]
    if not calendar and not clock:
        calendar = [(UNITS[3], rng.randint(1, 400))]
    text = sign + "".join(f"{number}{unit[0]}" for unit, number in calendar + clock)
    factor = 1 if sign == "+" else -1
    delta = {unit[1]: number * factor for unit, number in calendar}
    return text, delta, sum(unit[1] * number for unit, number in clock) * factor


def shifted(stamp, zone, delta, seconds):
    if delta:
        # With fold=0 a time that is skipped moves forward by the gap, and of one that comes twice
        # the first is meant: PEP 495 and RFC 5545 agree.
        moved = local(stamp, zone).replace(tzinfo=None, fold=0) + relativedelta(**delta)
        stamp = int(moved.replace(tzinfo=ZoneInfo(zone), fold=0).timestamp())
    return stamp + seconds


def random_moment(rng, zone):
    year = rng.randint(1975, 2035)
    kind = rng.randrange(4)
    if kind == 0:
        # Half an hour around a change of the clocks of that year, if there is one.
        for _ in range(12):
            day = (date(year, rng.randint(1, 12), 15) - date(1970, 1, 1)).days
            near = [at for near in range(day - 15, day + 16, 6) for at in changes(zone, near)]
            if near:
                return rng.choice(near) + rng.randint(-5400, 5400)
    if kind == 1:
        month = rng.randint(1, 12)
        day = date(year, month, monthrange(year, month)[1])
    elif kind == 2:
        day = date(rng.choice([1976, 1996, 2000, 2020, 2024, 2028]), 2, rng.choice([28, 29]))
    else:
        day = date(year, rng.randint(1, 12), rng.randint(1, 28))
    return (day - date(1970, 1, 1)).days * DAY + rng.randint(-DAY, 2 * DAY)


def line(rng):
    zone = rng.choice(ZONES)
    stamp = random_moment(rng, zone)
    text, delta, seconds = random_shift(rng)
    moved = shifted(stamp, zone, delta, seconds)
    kind = rng.randrange(4)
    if kind == 0:
        template = f'date("%Y-%m-%dT%H:%M:%S%:z", "{zone}", "{text}")'
        value = local(moved, zone).isoformat()
    elif kind in (1, 2):
        unit = rng.choice(["hour", "day", "week", "month", "year"])
        name = ["start_of", "end_of"][kind - 1]
        template = f'{name}("{unit}", "{zone}", "{text}")'
        value = period(moved, zone, unit)[kind - 1]
    else:
        days = rng.randint(1, 8)
        template = f'date_range("-{days}d", "-1d", "{zone}")'
        ends = [
            local(shifted(stamp, zone, {"days": -back}, 0), zone).date() for back in (days, 1)
        ]
        value = [
            (ends[0] + timedelta(days=index)).isoformat()
            for index in range((ends[1] - ends[0]).days + 1)
        ]
    return f"{stamp * 1000 + rng.randrange(1000)}\t{template}\t{json.dumps(value)}"


def main():
    rng = random.Random(int(sys.argv[2]))
    for _ in range(int(sys.argv[1])):
        print(line(rng))


main()
