"""Routes compared by what is derived of them: who gets in, what is asked, what is answered."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.derive.facts import Answer, ParameterFacts, RouteFacts
from pipelines.diff.difference import Difference, pairs
from pipelines.diff.schemas import Refused, refusals

Json = Any

_WRITES = ("kv.write", "blob.write", "index.write", "event.write", "network")
_PROMISED = 400
"""Statuses below are what clients wait for."""

Placed = tuple[str, RouteFacts]
"""A route with its JSON Pointer."""


def route_differences(old: Sequence[RouteFacts], new: Sequence[RouteFacts]) -> Iterator[Difference]:
    """Every difference between the routes; those of one id, or of one place, are the same."""
    before = {facts.id: (f"/api/routes/{at}", facts) for at, facts in enumerate(old)}
    after = {facts.id: (f"/api/routes/{at}", facts) for at, facts in enumerate(new)}
    gone = {_place(facts): id for id, (_, facts) in before.items() if id not in after}
    renamed = {id: gone[_place(facts)] for id, (_, facts) in after.items()
               if id not in before and _place(facts) in gone}  # fmt: skip
    for id, (where, facts) in before.items():
        if id not in after and id not in renamed.values():
            yield Difference("route-removed", where, None, f"{_told(facts)} is gone")
    for id, (where, facts) in after.items():
        known = before.get(renamed.get(id, id))
        if known is None:
            yield Difference("route-added", None, where, f"{_told(facts)} is new")
        else:
            yield from _route(known, (where, facts))


def _route(old: Placed, new: Placed) -> Iterator[Difference]:
    (was, before), (now, after) = old, new
    if before.id != after.id:
        yield Difference("route-renamed", was, now, f"`{before.id}` is called `{after.id}`")
    if _place(before) != _place(after):
        told = f"{_told(before)} is now {after.method} {after.path}"
        yield Difference("route-moved", was, now, told)
    for part in (_entrances, _effects, _answers, _replies, _parameters, _body):
        for kind, message in part(before, after):
            yield Difference(kind, was, now, f"{after.method} {after.path}: {message}")


def _place(facts: RouteFacts) -> tuple[str, str]:
    """Method and path, whatever the parameters are called."""
    segments = ["{*}" if part.endswith("*}") else "{}" if part.startswith("{") else part
                for part in facts.path.split("/")]  # fmt: skip
    return facts.method, "/".join(segments)


def _told(facts: RouteFacts) -> str:
    return f"{facts.method} {facts.path}"


Told = Iterator[tuple[str, str]]


def _entrances(old: RouteFacts, new: RouteFacts) -> Told:
    before, after = list(map(frozenset, old.entrances)), list(map(frozenset, new.entrances))
    for way in before:
        if not any(other <= way for other in after):
            yield "route-closed", f"{_scopes(way)} is not enough any more"
    for way in after:
        if not any(other <= way for other in before):
            yield "route-opened", f"{_scopes(way)} is enough now"
    if new.anonymous and not old.anonymous:
        yield "route-open-to-all", "nobody need log in"
    if old.anonymous and not new.anonymous:
        yield "route-not-open-to-all", "whoever comes has to log in"


def _scopes(way: frozenset[str]) -> str:
    return " and ".join(f"`{scope}`" for scope in sorted(way)) or "no scope"


def _effects(old: RouteFacts, new: RouteFacts) -> Told:
    for effect in _WRITES:
        if effect in new.effects and effect not in old.effects:
            yield "effects-added", f"it has the effect {effect}"
        if effect in old.effects and effect not in new.effects:
            yield "effects-removed", f"it has the effect {effect} no more"


def _answers(old: RouteFacts, new: RouteFacts) -> Told:
    """What a switched-off route answers, and errors around all pipelines, is told elsewhere."""
    before, after = _pairs(old), _pairs(new)
    if not _successes(old) or not _successes(new):
        return
    for status, code in sorted(before - after, key=str):
        good = status < _PROMISED
        kind = "success-removed" if good else "error-removed"
        yield kind, f"{_status(status, code)} is never answered any more"
    for status, code in sorted(after - before, key=str):
        good = status < _PROMISED
        yield "success-added" if good else "error-added", f"{_status(status, code)} may be answered"


def _pairs(facts: RouteFacts) -> set[tuple[int, str | None]]:
    return {
        (answer.status, answer.code)
        for answer in facts.answers
        if answer.step is not None or answer.status < _PROMISED
    }


def _status(status: int, code: str | None) -> str:
    return str(status) if code is None else f"{status} {code}"


def _replies(old: RouteFacts, new: RouteFacts) -> Told:
    """The bodies, media types and headers of the successes that both have."""
    before, after = _successes(old), _successes(new)
    for status in sorted(before.keys() & after.keys()):
        was, now = before[status], after[status]
        media = [{answer.media for answer in answers} for answers in (was, now)]
        if media[0] != media[1]:
            told = [" or ".join(sorted(m or "no body" for m in kinds)) for kinds in media]
            yield "media-changed", f"{status} comes as {told[1]}, not as {told[0]}"
            continue
        yield from _headers(status, was, now)
        shapes = _bodies(was), _bodies(now)
        if shapes[0] is not None and shapes[1] is not None:
            yield from _bodies_differ(status, *shapes)


def _successes(facts: RouteFacts) -> dict[int, list[Answer]]:
    found: dict[int, list[Answer]] = {}
    for answer in facts.answers:
        if answer.status < _PROMISED and answer.step is not None:
            found.setdefault(answer.status, []).append(answer)
    return found


def _headers(status: int, was: list[Answer], now: list[Answer]) -> Told:
    before = {name for answer in was for name in answer.headers}
    after = {name for answer in now for name in answer.headers}
    for name in sorted(before - after):
        yield "header-removed", f"{status} comes without the header {name}"
    for name in sorted(after - before):
        yield "header-added", f"{status} comes with the header {name}"


def _bodies(answers: list[Answer]) -> Json:
    """The JSON Schema of every body of a status; None where one is unknown."""
    bodies = [answer.body for answer in answers]
    if any(body is None for body in bodies):
        return None
    return bodies[0] if len(bodies) == 1 else {"anyOf": bodies}


def _bodies_differ(status: int, old: Json, new: Json) -> Told:
    widened = [*refusals(new, old)]
    for refused in widened:
        yield reply_kind(refused), f"{status}: {reply_told(refused)}"
    for refused in refusals(old, new):
        if refused.where not in {other.where for other in widened}:
            yield "reply-narrowed", f"{status}: {_at(refused)}"


def reply_kind(refused: Refused) -> str:
    """What it is when a value is sent that the old schema did not have."""
    kinds = {"required": "reply-lacks", "closed": "reply-extended", "type": "reply-type"}
    return kinds.get(refused.word, "reply-widened")


def reply_told(refused: Refused) -> str:
    """The same, told from the side of whoever reads the value."""
    place = refused.where or "the whole"
    if refused.word == "required":
        return f"{place} may be missing"
    if refused.word == "closed":
        return f"{place} may come"
    return f"{place} may be other than before ({refused.message})"


def _at(refused: Refused) -> str:
    return f"{refused.where or 'the whole'}: {refused.message}"


def _parameters(old: RouteFacts, new: RouteFacts) -> Told:
    """Of the query; the path's are compared with the entities' fields, headers are never needed."""
    closed = _refuses_unknown(new)
    for name, was, now in pairs(_query(old), _query(new)):
        if now is None:
            kind = "parameter-removed" if closed else "parameter-ignored"
            yield kind, f"`{name}` is no parameter any more"
        elif was is None:
            kind = "parameter-required" if now.required else "parameter-added"
            yield kind, f"`{name}` is a new parameter"
        else:
            yield from _parameter(was, now)


def _parameter(was: ParameterFacts, now: ParameterFacts) -> Told:
    name = now.name
    if now.required and not was.required:
        yield "parameter-required", f"`{name}` has to be given"
    stricter, looser = refusals(was.schema, now.schema), refusals(now.schema, was.schema)
    for refused in stricter:
        yield "parameter-stricter", f"`{name}`: {refused.message}"
    if (looser and not stricter) or (was.required and not now.required):
        yield "parameter-looser", f"`{name}` may be more than before"
    if _default(was) != _default(now):
        yield "parameter-default", f"`{name}` is {_default(now)} where it is not given"


def _default(parameter: ParameterFacts) -> Json:
    return parameter.schema.get("default") if isinstance(parameter.schema, Mapping) else None


def _query(facts: RouteFacts) -> dict[str, ParameterFacts]:
    return {each.name: each for each in facts.parameters if each.place == "query"}


def _refuses_unknown(facts: RouteFacts) -> bool:
    return any(answer.code == "INVALID_QUERY" for answer in facts.answers)


def _body(old: RouteFacts, new: RouteFacts) -> Told:
    if old.request_media != new.request_media:
        told = [media or "no body" for media in (old.request_media, new.request_media)]
        yield "body-media-changed", f"it takes {told[1]}, not {told[0]}"
        return
    if old.request_media != "application/json":
        return
    stricter = refusals(old.request_body, new.request_body)
    for refused in stricter:
        yield "body-stricter", f"{refused.where or 'the body'}: {refused.message}"
    for refused in refusals(new.request_body, old.request_body):
        if refused.where not in {other.where for other in stricter}:
            yield "body-looser", f"{refused.where or 'the body'} may be more than before"
