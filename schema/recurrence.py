"""Recurrence rules (RFC 5545, 3.3.10) of schedules that run for ever, at most every hour.

What a calendar may say and a schedule may not is refused: an end (COUNT, UNTIL), more than one run
an hour, and days that no year has, which a reader would look for in vain.
"""

import re
from collections.abc import Callable, Iterator, Mapping

_PART = re.compile(r"([A-Z]+)=([A-Z0-9,+-]+)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,3}")
_WEEKDAY = re.compile(r"(?:[+-]?[0-9]{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)")
_FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_MAX_LENGTH = 500
_DAYS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
_LISTS: Mapping[str, tuple[int, int, bool]] = {
    "BYSECOND": (0, 59, False), "BYMINUTE": (0, 59, False), "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True), "BYYEARDAY": (1, 366, True), "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False), "BYSETPOS": (1, 366, True),
}  # fmt: skip
"""Lowest and highest number, and whether they may count from the end."""


def faults(text: str) -> Iterator[str]:
    """What keeps a rule from being the schedule of something that runs for ever."""
    parts: dict[str, str] = {}
    if len(text) > _MAX_LENGTH:
        yield f"it has more than {_MAX_LENGTH} characters"
        return
    for part in text.removeprefix("RRULE:").split(";"):
        match = _PART.fullmatch(part)
        if match is None:
            yield f"{part[:40]!r} is not NAME=VALUE"
        elif match[1] in parts:
            yield f"{match[1]} stands twice"
        else:
            parts[match[1]] = match[2]
    for name, value in parts.items():
        yield from _part_faults(name, value)
    if "FREQ" not in parts:
        yield "it has no FREQ"
    if "BYSETPOS" in parts and not any(n.startswith("BY") for n in parts if n != "BYSETPOS"):
        yield "BYSETPOS needs another BY… beside it"
    if _never(parts):
        yield "no month of BYMONTH has a day of BYMONTHDAY"


def _part_faults(name: str, value: str) -> Iterator[str]:
    if name in ("COUNT", "UNTIL"):
        yield f"{name} ends it, and a schedule has no end"
    elif name in _LISTS:
        yield from _list_faults(name, value)
    elif name not in _OTHERS:
        yield f"{name} is no part of a recurrence rule"
    elif not _OTHERS[name](value):
        yield f"{name} cannot be {value[:40]}"


def _list_faults(name: str, value: str) -> Iterator[str]:
    lowest, highest, signed = _LISTS[name]
    for item in value.split(","):
        number = int(item) if _NUMBER.fullmatch(item) else None
        known = number is not None and lowest <= (abs(number) if signed else number) <= highest
        if not known:
            yield f"{name} cannot be {item[:40]}"
    if name in ("BYSECOND", "BYMINUTE") and "," in value:
        yield f"several values of {name} run more often than every hour"


def _is_interval(value: str) -> bool:
    return value.isdigit() and 1 <= int(value) <= 1000


def _are_weekdays(value: str) -> bool:
    return all(_WEEKDAY.fullmatch(item) for item in value.split(","))


_OTHERS: Mapping[str, Callable[[str], bool]] = {
    "FREQ": lambda value: value in _FREQUENCIES,
    "INTERVAL": _is_interval,
    "BYDAY": _are_weekdays,
    "WKST": lambda value: value in ("MO", "TU", "WE", "TH", "FR", "SA", "SU"),
}


def _never(parts: Mapping[str, str]) -> bool:
    """Whether the days that are asked for stand in none of the months that are."""
    months = [int(item) for item in parts.get("BYMONTH", "").split(",") if item.isdigit()]
    days = [item for item in parts.get("BYMONTHDAY", "").split(",") if _NUMBER.fullmatch(item)]
    lengths = [_DAYS[month] for month in months if month in _DAYS]
    return bool(lengths and days) and max(lengths) < min(abs(int(day)) for day in days)
