"""The single door: what changed from one schema to another, by what is derived of both."""

from collections.abc import Iterator

from pipelines.derive.routes import route_facts
from pipelines.diff.around import access_differences, service_differences
from pipelines.diff.coordinates import coordinate_differences
from pipelines.diff.difference import Difference
from pipelines.diff.events import collection_differences, event_differences
from pipelines.diff.routes import route_differences
from pipelines.diff.storage import storage_differences
from pipelines.load import Loaded


def compare(old: Loaded, new: Loaded) -> tuple[Difference, ...]:
    """Every difference, the gravest first. Raises ValueError for a schema that may not serve.

    Texts, remarks, order, and the names of variables and steps make no difference.
    """
    return tuple(sorted(dict.fromkeys(_differences(old, new)), key=Difference.order))


def _differences(old: Loaded, new: Loaded) -> Iterator[Difference]:
    if old.schema is None or new.schema is None:
        raise ValueError("only schemas that may serve are compared")
    before, after = old.schema.document, new.schema.document
    yield from route_differences(route_facts(old), route_facts(new))
    yield from coordinate_differences(old.schema, new.schema)
    yield from storage_differences(before, after)
    yield from access_differences(before, after)
    yield from event_differences(before, after)
    yield from collection_differences(before, after)
    yield from service_differences(before, after)
