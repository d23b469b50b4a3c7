"""Who may enter: the principal's scopes, the actions they list, the namespaces they allow."""

import fnmatch
import re
from functools import lru_cache
from typing import Any, Literal

from errors.problem import Refusal, refuse
from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import ScopeNames


@operation("auth.require_scopes", errors=("UNAUTHORIZED", "FORBIDDEN"))
def require_scopes(
    ctx: ExecutionContext, scopes: ScopeNames, mode: Literal["any", "all"] = "any"
) -> None:
    """Let in a principal that has any (or all) of the scopes, the actions and the namespace."""
    held = ctx.principal.scopes
    enough = held.issuperset(scopes) if mode == "all" else not held.isdisjoint(scopes)
    if not enough:
        wanted = f" {'and' if mode == 'all' else 'or'} ".join(scopes) or "that nobody has"
        raise not_let_in(ctx, f"this needs the scope {wanted}", scopes=list(scopes), mode=mode)
    actions = ctx.program.actions
    denied = ctx.world.denials.get((actions, held))
    if denied is None:
        denied = _denied(ctx, actions, held)
    if denied:
        names = sorted(denied)
        raise not_let_in(ctx, f"no scope of yours lists {', '.join(names)}", actions=names)
    patterns = ctx.principal.namespaces
    if patterns is not None and not _in_namespaces(ctx, patterns):
        raise not_let_in(ctx, "your token is for other namespaces", namespaces=list(patterns))


def not_let_in(ctx: ExecutionContext, message: str, **details: Any) -> Refusal:
    """401 for whoever is anonymous and may still say who they are; 403 for all others."""
    code = "UNAUTHORIZED" if ctx.principal.subject is None else "FORBIDDEN"
    return refuse(code, message, **details)


def _denied(ctx: ExecutionContext, actions: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """Ask the schema once per set of actions and of scopes."""
    denials = ctx.world.denials
    if len(denials) >= 1024:  # Tokens may carry any scopes; memory must not grow with them.
        denials.clear()
    denied = ctx.world.schema.allows(held, actions)
    denials[actions, held] = denied
    return denied


def _in_namespaces(ctx: ExecutionContext, patterns: tuple[str, ...]) -> bool:
    place = ctx.program.namespace_param
    if place is None:
        return False
    param, entity = place
    raw = ctx.request.params.get(param)
    if raw is None:
        return False
    namespace = str(entity.normalize(entity.primary_key[0], raw))
    return any(_pattern(pattern).fullmatch(namespace) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    """`*` stands for any text, `?` for one character, all else for itself."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
