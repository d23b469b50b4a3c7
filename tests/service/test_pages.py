"""The pages beside the declared routes stand where no declared route may."""

from pipelines.check.rules_routes import RESERVED
from service.beside import BESIDE


def test_every_page_begins_with_a_reserved_segment() -> None:
    assert {each.path[1:].partition("/")[0] for each in BESIDE} == RESERVED
