"""RFC 9110 on conditions and ranges, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conditions import (
    Span,
    Validators,
    entity_tags,
    format_date,
    judge,
    parse_date,
    wanted_span,
)

AT = 1_700_000_000
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
EARLIER = "Tue, 14 Nov 2023 22:13:19 GMT"
NOW = Validators('"a,b"', AT + 0.9)


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({}, "go on"),
        ({"if-none-match": '"a,b"'}, "not modified"),
        ({"if-none-match": 'W/"a,b"'}, "not modified"),
        ({"if-none-match": '"x", "a,b" ,"y"'}, "not modified"),
        ({"if-none-match": "*"}, "not modified"),
        ({"if-none-match": '"a", "b"'}, "go on"),
        ({"if-none-match": "a,b"}, "go on"),
        ({"if-none-match": '"x"', "if-modified-since": DATE}, "go on"),
        ({"if-modified-since": DATE}, "not modified"),
        ({"if-modified-since": EARLIER}, "go on"),
        ({"if-modified-since": "yesterday"}, "go on"),
        ({"if-match": '"a,b"'}, "go on"),
        ({"if-match": "*"}, "go on"),
        ({"if-match": 'W/"a,b"'}, "failed"),
        ({"if-match": '"x"'}, "failed"),
        ({"if-match": "garbage"}, "failed"),
        ({"if-match": '"a,b"', "if-none-match": '"a,b"'}, "not modified"),
        ({"if-unmodified-since": DATE}, "go on"),
        ({"if-unmodified-since": EARLIER}, "failed"),
        ({"if-unmodified-since": "yesterday"}, "go on"),
    ],
)
def test_conditions_are_judged_in_the_order_of_the_rfc(headers, verdict):
    assert judge(headers, NOW) == verdict


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-5", (2, 6)),
        ("Bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=5-500", (5, 10)),
        ("bytes=9-999999999999999999", (9, 10)),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("bytes=a-b", None),
        ("bytes 0-1", None),
        ("items=0-1", None),
        ("bytes=0-" + "9" * 30, None),
    ],
)
def test_a_range_is_understood_or_ignored(written, span):
    found = wanted_span({"range": written}, NOW, 10)
    assert found == (None if span is None else Span(*span))


@pytest.mark.parametrize(
    ("written", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_a_range_outside_the_bytes_is_told(written, size):
    with pytest.raises(ValueError, match="outside"):
        wanted_span({"range": written}, NOW, size)


@pytest.mark.parametrize(
    ("if_range", "holds"),
    [
        ('"a,b"', True),
        ('W/"a,b"', False),
        ('"x"', False),
        (DATE, True),
        (EARLIER, False),
        ("?", False),
    ],
)
def test_a_range_counts_only_for_the_state_it_was_asked_for(if_range, holds):
    found = wanted_span({"range": "bytes=0-0", "if-range": if_range}, NOW, 10)
    assert (found is not None) == holds


def test_dates_go_both_ways():
    assert format_date(AT) == DATE
    assert parse_date(DATE) == AT
    assert parse_date("Tuesday, 14-Nov-23 22:13:20 GMT") == AT
    assert parse_date("") is None


@pytest.mark.parametrize("year, zone", [("9" * 23, "GMT"), ("1970", "+" + "9" * 20)])
def test_a_date_beyond_all_calendars_is_none(year, zone):
    assert parse_date(f"Thu, 01 Jan {year} 00:00:00 {zone}") is None


tags = st.text(st.characters(codec="latin-1", exclude_characters='"\x7f', min_codepoint=33))


@given(st.lists(tags.map(lambda text: f'"{text}"'), max_size=5))
def test_a_list_of_tags_survives_its_commas(found):
    readable = [tag for tag in found if not any("\x7f" <= c < "\x80" for c in tag)]
    written = " ,\t".join(readable)
    parsed = entity_tags(written)
    assert parsed == readable or any("\x80" <= c < "\xa0" for tag in readable for c in tag)
