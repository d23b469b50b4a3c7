"""Feature flags: one that is off keeps the steps out that it forbids."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.check.wording import node_words
from pipelines.expressions import Fault
from pipelines.nodes import Constant, ObjectNode, Reference, StepNode

_WRITING = frozenset({"kv.write"})
_NO_OVERWRITE = "features.allow_overwrite_artifacts is off"


@rule("E316")
def immutable_tags(analysis: Analysis) -> Iterator[Fault]:
    """Without mutable_tags a document keyed by a tag is written once: kv.cas_put if_absent."""
    if analysis.whole.document.features.mutable_tags:
        return
    for step in _writes(analysis, "tag"):
        if step.operation.name == "kv.delete" or "if_absent" not in step.static:
            message = f"{step.operation.name} may change {step.static['doc']}, a tag's document"
            hint = 'features.mutable_tags is off: use kv.cas_put with "if_absent": true'
            yield Fault(step.pointer, message, hint)


@rule("E316")
def immutable_versions(whole: Whole) -> Iterator[Fault]:
    """Without allow_overwrite_artifacts a version's document is never replaced or removed blindly.

    kv.cas_put may still write it, once with if_absent, or from a known state to the next
    (`withdrawn`) with if_rev or if_equals, which keeps the bytes that it names.
    """
    if whole.document.features.allow_overwrite_artifacts:
        return
    for analysis, step in _writes_of_versions(whole):
        if step.operation.name != "kv.cas_put":
            message = f"{step.operation.name} may replace {step.static['doc']}, kept by version"
            hint = f'{_NO_OVERWRITE}: use kv.cas_put with "if_absent": true'
            yield Fault(step.pointer, message, hint)
        elif "if_absent" not in step.static and step.dynamic.get("if_rev") != Constant(None):
            if not _keeps_bytes(analysis, step):
                message = f"{step.operation.name} may give {step.static['doc']} other bytes"
                hint = f'{_NO_OVERWRITE}: "if_absent": true is for new bytes'
                yield Fault(step.pointer, message, hint)


RULES = (immutable_tags,)
SCHEMA_RULES = (immutable_versions,)
"""The rules about the schema."""


def _writes_of_versions(whole: Whole) -> Iterator[tuple[Analysis, StepNode]]:
    for analysis in whole.pipelines:
        for step in _writes(analysis, "version"):
            yield analysis, step


def _keeps_bytes(analysis: Analysis, step: StepNode) -> bool:
    """Whether each digest in the new document is that of the same document as it was read.

    An apply pipeline repeats what its leader's route has done, which was checked there.
    """
    value = step.dynamic.get("value")
    names = analysis.whole.digest_paths.get(step.static["doc"], frozenset())
    if analysis.pipeline.event is not None or not names or value is None:
        return True
    if isinstance(value, Reference):
        return not value.path and value.name in _read_before(analysis, step)
    written = dict(value.items) if isinstance(value, ObjectNode) else {}
    if isinstance(value, Constant) and isinstance(value.value, dict):
        written = {name: Constant(item) for name, item in value.value.items()}
    read = _read_before(analysis, step)
    return all(
        isinstance(node, Reference) and node.path == (name,) and node.name in read
        for name, node in written.items()
        if any(path[:1] == (name,) for path in names)
    )


def _read_before(analysis: Analysis, write: StepNode) -> frozenset[str]:
    """The variables that hold the document that a step writes, as it was."""
    key = node_words(write.dynamic["key"])
    return frozenset(
        step.outputs["out"]
        for step in analysis.pipeline.steps[: write.index]
        if step.operation.name == "kv.get" and step.static.get("doc") == write.static["doc"]
        if "out" in step.outputs and node_words(step.dynamic["key"]) == key
    )


def _writes(analysis: Analysis, kind: str) -> Iterator[StepNode]:
    """The steps that write a document whose key holds a field of that type."""
    for step in analysis.steps_with(_WRITING):
        if "doc" in step.static:
            template = analysis.whole.key_of(step)
            types = () if template is None else [f.type for f in template.fields.values()]
            if kind in types:
                yield step
