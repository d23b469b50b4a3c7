"""Which fields a step can rely on. Checker, compiler and answers share this."""

from pipelines.scope import Scope


def validated_fields(scope: Scope, step: int) -> frozenset[str]:
    """The path's fields whose last treatment before the step is an unguarded validate.entity."""
    params = scope.pipeline.params
    proved: set[str] = set()
    for node in scope.pipeline.steps[:step]:
        fields = scope.entities.get(node.static.get("entity", ""))
        if fields is None:
            continue
        names = {name for name in fields.fields if name in params}
        if node.operation.name == "validate.entity" and node.when is None:
            proved |= names
        elif node.operation.name in ("parse.path", "normalize.entity"):
            proved -= names
    return frozenset(proved)
