"""An example as schema.json writes it, typed, and everything that can be wrong with one.

The format is told in `pipelines/examples/run.py`. Rules: E103 wrong shape, E106 a name twice, E107
unknown reference, E108 a value that does not fit its place.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta

from errors.catalogue import CATALOGUE
from pipelines.examples.match import malformed
from pipelines.expressions import Fault
from pipelines.parse import path_params
from schema.document import Document, Route
from schema.document_data import Json, Part
from schema.meta import FREE
from schema.nearest import hint
from schema.pointers import follow, join
from schema.validators import Validator

Status = Annotated[int, Meta(ge=100, le=599)]


class Ask(Part, frozen=True, kw_only=True):
    """A request; `json` UNSET means that it has no JSON body."""

    route: str | None = None
    params: dict[str, str] = {}
    path: str | None = None
    query: str | dict[str, str | int | bool] = ""
    headers: dict[str, str] = {}
    json: Json = UNSET
    text: str | None = None
    base64: str | None = None
    scopes: tuple[str, ...] | None = None
    subject: str | None = "example"
    namespaces: tuple[str, ...] | None = None
    tenant: str | None = None

    def body(self) -> bytes:
        """The bytes that are sent."""
        if self.json is not UNSET:
            return msgspec.json.encode(self.json)
        return content(self)


class Others(Part, frozen=True, kw_only=True):
    """What others have put there, in the order of the fields."""

    blobs: dict[str, tuple[str, ...]] = {}
    documents: dict[str, dict[str, Json]] = {}
    requests: tuple[Ask, ...] = ()


class Answer(Part, frozen=True, kw_only=True):
    """What an upstream answers to `path`, as often as it is asked; and what others do meanwhile."""

    path: str
    status: Status = 200
    headers: dict[str, str] = {}
    text: str | None = None
    base64: str | None = None
    meanwhile: Others = Others()


class Given(Others, frozen=True, kw_only=True):
    """What there is before the request; `upstreams` are there from the first."""

    upstreams: dict[str, tuple[Answer, ...]] = {}


class Expect(Part, frozen=True, kw_only=True):
    """What has to come of it; what is left out is not looked at."""

    status: Status
    code: str | None = None
    headers: dict[str, Json] = {}
    json: Json = UNSET
    text: str | None = None
    base64: str | None = None
    documents: dict[str, dict[str, Json]] = {}
    events: tuple[Json, ...] | None = None


class Example(Part, frozen=True, kw_only=True):
    """One request and its outcome."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    given: tuple[Given, ...] = ()
    request: Ask = Ask()
    expect: Expect


_PARTS: tuple[tuple[re.Pattern[str], type[Part]], ...] = (
    (re.compile(r"/given/\d+"), Given),
    (re.compile(r"/given/\d+/(?:upstreams/[^/]+/\d+/meanwhile/)?requests/\d+|/request"), Ask),
    (re.compile(r"/given/\d+/upstreams/[^/]+/\d+"), Answer),
    (re.compile(r"/given/\d+/upstreams/[^/]+/\d+/meanwhile"), Others),
    (re.compile(r"/expect"), Expect),
)
"""Which part of an example a place in it belongs to; the example itself is the rest."""

_FORMAT = "`larder test --help` tells the format of examples"
_NESTED = ("given", "request", "expect", "requests", "meanwhile")


def content(spec: Answer | Ask | Expect) -> bytes:
    """The bytes that `text` or `base64` stand for; none for neither."""
    if spec.base64 is not None:
        return base64.b64decode(spec.base64, validate=True)
    return (spec.text or "").encode()


def parse_examples(
    route: Route, pointer: str, document: Document
) -> tuple[tuple[Example, ...], list[Fault]]:
    """The examples of the route at `pointer` that have no fault, and every fault of the others."""
    examples: list[Example] = []
    faults: list[Fault] = []
    names: set[str] = set()
    for number, written in enumerate(route.examples):
        place = f"{pointer}/examples/{number}"
        plain = _plain(written)
        found = list(_shape_faults(plain, place))
        example = None if found else _converted(plain, place, found)
        if example is not None:
            found += _faults(example, route, place, document)
            if example.name in names:
                told = f"the example `{example.name}` stands twice"
                found.append(Fault(f"{place}/name", told, "give it a name of its own", "E106"))
            names.add(example.name)
            if not found:
                examples.append(example)
        faults += found
    return tuple(examples), faults


def _plain(part: Any) -> Any:
    """A part of an example without its remarks (`comment`, `description`, `x-…`)."""
    if isinstance(part, list | tuple):
        return [_plain(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {
        name: _plain(item) if name in _NESTED else item
        for name, item in part.items()
        if name not in FREE and not name.startswith("x-")
    }
    if isinstance(kept.get("upstreams"), dict):
        kept["upstreams"] = {name: _plain(item) for name, item in kept["upstreams"].items()}
    return kept


def _shape_faults(written: Any, place: str) -> Iterator[Fault]:
    """What has not the shape of an example (E103); of an unknown name, the nearest known one."""
    for failure in _shape().failures(written):
        where, message = failure["where"], failure["message"]
        part = next((part for at, part in _PARTS if at.fullmatch(where)), Example)
        known = part.__struct_fields__
        if not message.startswith("unknown properties"):
            yield Fault(place + where, message, _FORMAT, "E103")
            continue
        for name in sorted(follow(written, where).keys() - set(known)):
            told = f"an example knows no `{name}` here"
            yield Fault(join(place + where, name), told, hint(name, known), "E103")


def _converted(written: Any, place: str, faults: list[Fault]) -> Example | None:
    """The typed example; None, and a fault, for what JSON Schema takes for an integer (`200.0`)."""
    try:
        return msgspec.convert(written, Example)
    except msgspec.ValidationError as wrong:
        faults.append(Fault(place, str(wrong), _FORMAT, "E103"))
        return None


@cache
def _shape() -> Validator:
    (root,), parts = msgspec.json.schema_components((Example,), ref_template="#/$defs/{name}")
    return Validator({**root, "$defs": parts})


def _faults(example: Example, route: Route, place: str, document: Document) -> Iterator[Fault]:
    for number, given in enumerate(example.given):
        where = f"{place}/given/{number}"
        yield from _others_faults(given, where, document)
        yield from _known(given.upstreams, document.upstreams, f"{where}/upstreams", "upstream")
        for upstream, answers in given.upstreams.items():
            for at, answer in enumerate(answers):
                answering = join(where, "upstreams", upstream, at)
                yield from _body_faults(answer, answering)
                yield from _others_faults(answer.meanwhile, f"{answering}/meanwhile", document)
    if example.request.route not in (None, route.id):
        told = "the request of an example goes to the route that it stands in"
        yield Fault(f"{place}/request/route", told, "leave `route` out")
    yield from _ask_faults(example.request, route, f"{place}/request")
    yield from _expect_faults(example.expect, route, f"{place}/expect", document)


def _others_faults(others: Others, where: str, document: Document) -> Iterator[Fault]:
    routes = {each.id: each for each in document.api.routes}
    yield from _stored_faults(others.documents, f"{where}/documents", document)
    yield from _known(others.blobs, document.storage.blob_stores, f"{where}/blobs", "blob store")
    for at, ask in enumerate(others.requests):
        asked = f"{where}/requests/{at}"
        if ask.route not in routes:
            named = hint(ask.route or "", routes) or "write the `route` that it goes to"
            yield Fault(f"{asked}/route", f"no route `{ask.route}`", named, "E107")
        else:
            yield from _ask_faults(ask, routes[ask.route], asked)


def _ask_faults(ask: Ask, route: Route, place: str) -> Iterator[Fault]:
    wanted = set(path_params(route.path))
    if ask.path is None and set(ask.params) != wanted:
        named = ", ".join(sorted(wanted)) or "none"
        yield Fault(f"{place}/params", f"{route.id} has the parameters {named}", "give just these")
    if ask.path is not None and ask.params:
        yield Fault(f"{place}/path", "both `path` and `params` are given", "leave one out")
    yield from _body_faults(ask, place)


def _expect_faults(expect: Expect, route: Route, place: str, document: Document) -> Iterator[Fault]:
    own = [step.args.get("code") for step in route.pipeline if step.op == "respond.error"]
    if expect.code is not None and expect.code not in CATALOGUE and expect.code not in own:
        told = f"`{expect.code}` is no code that the route can answer"
        yield Fault(f"{place}/code", told, hint(expect.code, CATALOGUE), "E107")
    yield from _body_faults(expect, place)
    yield from _stored_faults(expect.documents, f"{place}/documents", document)
    patterns = {"headers": expect.headers, "documents": expect.documents, "events": expect.events}
    if expect.json is not UNSET:
        patterns["json"] = expect.json
    for name, pattern in patterns.items():
        for where, message, remedy in malformed(pattern, f"{place}/{name}"):
            yield Fault(where, message, remedy)


def _stored_faults(stored: Mapping[str, Any], place: str, document: Document) -> Iterator[Fault]:
    yield from _known(stored, document.storage.documents, place, "document")


def _known(
    used: Mapping[str, Any], known: Mapping[str, Any], place: str, noun: str
) -> Iterator[Fault]:
    for name in used:
        if name not in known:
            yield Fault(join(place, name), f"no {noun} `{name}`", hint(name, known), "E107")


def _body_faults(spec: Answer | Ask | Expect, place: str) -> Iterator[Fault]:
    given = [name for name in ("text", "base64") if getattr(spec, name) is not None]
    if not isinstance(spec, Answer) and spec.json is not UNSET:
        given.append("json")
    if len(given) > 1:
        yield Fault(place, f"both {' and '.join(given)} are given", "a body is one of them")
    try:
        content(spec)
    except (binascii.Error, ValueError):
        yield Fault(f"{place}/base64", "is not Base64", "RFC 4648, with its padding")
