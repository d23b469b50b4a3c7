"""The segment tree finds what a plain reading of the templates would find."""

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from errors.problem import Refusal
from service.routing import Match, RouteTable, split_path

SHIPPED = RouteTable(
    [
        ("PUT", "/v1/{namespace}/{name}/{version}/{variant}/blob", "publish"),
        ("GET", "/v1/{namespace}/{name}/{version}/{variant}/blob", "fetch"),
        ("GET", "/v1/{namespace}/{name}/latest", "latest"),
        ("GET", "/v1/{namespace}/{name}/tags/{tag}", "tag"),
        ("GET", "/v1/packages", "list"),
        ("GET", "/v1/{namespace}/{name}", "summary"),
        ("GET", "/v1/proxy/{a}/{b}/{c}/{d}/blob", "proxy"),
        ("GET", "/files/{path*}", "files"),
        ("PUT", "/files/{path*}/sums/sha256", "sums"),
        ("GET", "/", "home"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "route", "params"),
    [
        ("GET", "/v1/packages", "list", {}),
        ("GET", "/v1/acme/hello", "summary", {"namespace": "acme", "name": "hello"}),
        ("GET", "/v1/acme/latest", "summary", {"namespace": "acme", "name": "latest"}),
        ("GET", "/v1/acme/hello/latest", "latest", {"namespace": "acme", "name": "hello"}),
        ("HEAD", "/v1/packages", "list", {}),
        ("GET", "/v1/proxy/hello", "summary", {"namespace": "proxy", "name": "hello"}),
        ("GET", "/v1/proxy/a/b/c/d/blob", "proxy", {"a": "a", "b": "b", "c": "c", "d": "d"}),
        ("GET", "/v1/ac%2Dme/h%C3%A9", "summary", {"namespace": "ac-me", "name": "hé"}),
        ("GET", "/v1/%70ackages", "list", {}),
        ("GET", "/v1/a%252Fb/c", "summary", {"namespace": "a%2Fb", "name": "c"}),
        ("GET", "/files/a/b/c.txt", "files", {"path": "a/b/c.txt"}),
        ("PUT", "/files/a/b/sums/sha256", "sums", {"path": "a/b"}),
        ("GET", "/files/a/sums/sha256", "files", {"path": "a/sums/sha256"}),
        ("GET", "/", "home", {}),
    ],
)
def test_a_path_finds_its_route(method, path, route, params):
    assert SHIPPED.find(method, path) == Match(route, params)


@pytest.mark.parametrize("path", ["/v1/packages/", "/v1", "/files", "/files/", "/nowhere", "/v1/"])
def test_a_path_that_nobody_declared_is_not_found(path):
    assert SHIPPED.find("GET", path) == ()


def test_a_wrong_method_is_told_the_right_ones():
    assert SHIPPED.find("DELETE", "/v1/packages") == ("GET", "HEAD", "OPTIONS")
    assert SHIPPED.find("POST", "/files/a/sums/sha256") == ("GET", "HEAD", "OPTIONS", "PUT")


def test_a_method_of_the_weaker_branch_is_found_behind_a_literal():
    table = RouteTable([("GET", "/a/b", "literal"), ("PUT", "/a/{x}", "parameter")])
    assert table.find("PUT", "/a/b") == Match("parameter", {"x": "b"})


@pytest.mark.parametrize(
    "path",
    [
        "", "v1", "//v1", "/v1//x", "/./v1", "/v1/..", "/v1/../x", "/v1/.", "/v1/%2e", "/v1/%2E%2e",
        "/v1/a%2Fb", "/v1/a%2fb", "/v1/a%5Cb", "/v1/a\\b", "/v1/%00", "/v1/a%0Ab", "/v1/%7F",
        "/v1/%C2%85", "/v1/%", "/v1/%4", "/v1/%zz", "/v1/%FF", "/v1/%C0%AF", "/v1/a b", "/v1/é",
        "/v1/a\x00", "/files/a/%2e%2e/b", "/files/a%2Fb", "/files//a",
    ],
)  # fmt: skip
def test_a_path_that_could_be_read_in_two_ways_is_refused(path):
    with pytest.raises(Refusal) as refusal:
        SHIPPED.find("GET", path)
    assert (refusal.value.problem.code, refusal.value.problem.status) == ("INVALID_PATH", 400)


@pytest.mark.parametrize(
    "template",
    ["v1", "/a//b", "/a/", "/{a}{b}", "/x{a}", "/{a*}/{b*}", "/{a*}/{b}", "/{a}/{a}", "/.."],
)
def test_a_malformed_template_is_refused(template):
    with pytest.raises(ValueError, match=re.escape(template)):
        RouteTable([("GET", template, "x")])


def test_what_is_reserved_is_found_by_no_parameter():
    table = RouteTable([("GET", "/{a}/{b}", "x")], frozenset({"health"}))
    assert table.find("GET", "/health/live") == ()
    assert table.find("GET", "/healthy/live").route == "x"


def test_two_routes_of_one_shape_are_refused():
    with pytest.raises(ValueError, match="another route"):
        RouteTable([("GET", "/{a}/x", "first"), ("GET", "/{b}/x", "second")])


words = st.sampled_from(["a", "b", "c", "é%"])
parts = st.one_of(words, st.sampled_from(["{p}", "{q}", "{r}"]))
templates = st.lists(parts, min_size=1, max_size=4).map(lambda found: "/" + "/".join(found))


def shape(template):
    return re.sub(r"\{\w+\}", "{}", template)


def naive(routes, path):
    """Every template that fits, the most literal from the left first."""
    fits = []
    for template in routes:
        wanted, found = template[1:].split("/"), path[1:].split("/")
        if len(wanted) == len(found) and all(
            w.startswith("{") or w == f for w, f in zip(wanted, found, strict=True)
        ):
            fits.append(([w.startswith("{") for w in wanted], template))
    return min(fits)[1] if fits else None


@given(st.lists(templates, max_size=8), st.lists(words, min_size=1, max_size=4))
@example(["/a/{p}/c", "/{p}/b/{q}"], ["a", "b", "b"])
def test_the_tree_agrees_with_a_plain_reading(declared, segments):
    routes = {shape(t): t for t in declared if len(set(re.findall(r"\{\w+\}", t))) == t.count("{")}
    table = RouteTable([("GET", t, t) for t in routes.values()])
    found = table.find("GET", "/" + "/".join(quote(s, safe="") for s in segments))
    expected = naive(routes.values(), "/" + "/".join(segments))
    assert (found.route if isinstance(found, Match) else None) == expected


@given(st.text(min_size=1, max_size=12))
def test_a_segment_is_decoded_once_or_refused(text):
    raw = "/" + quote(text, safe="", errors="surrogatepass")
    try:
        assert split_path(raw) == [text]
    except Refusal:
        assert text in (".", "..") or re.search(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]", text)
