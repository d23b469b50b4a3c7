"""JSON, strictly: what one program reads in it, every other program reads too."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 64


class NotJson(ValueError):
    """The bytes are not one JSON text that the service takes; the message says why."""


def loads(source: bytes) -> Any:
    """The value of a JSON text in UTF-8. Integers keep all their digits.

    Raises NotJson for other encodings, for a key that an object has twice, for NaN, infinities and
    numbers beyond a double, for half a surrogate pair, and below 64 levels.
    """
    try:
        text = source.decode()
        value = _DECODER.decode(text)
        if b"\\u" in source:  # Only an escape can bring half of a surrogate pair.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start} is not UTF-8") from None
    except UnicodeEncodeError:
        raise NotJson("a \\u escape stands for half of a surrogate pair") from None
    except RecursionError:
        raise NotJson(f"it is more than {MAX_DEPTH} levels deep") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except NotJson:
        raise
    except ValueError:
        raise NotJson("a number has too many digits") from None
    # Counting is cheap, and nearly every text has fewer brackets than levels are allowed.
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        raise NotJson(f"it is more than {MAX_DEPTH} levels deep")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise NotJson(f"the key {json.dumps(twice[:80])} stands twice in one object")
    return value


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJson("a number is beyond what a double can hold")
    return value


def _constant(text: str) -> Any:
    raise NotJson(f"{text} is no JSON value")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_constant
)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = list(_children(level))
    return bool(level)


def _children(values: list[Any]) -> Iterator[Any]:
    """What stands in the arrays and objects among `values`, itself only if it can hold more."""
    for value in values:
        if isinstance(value, dict):
            yield from (v for v in value.values() if isinstance(v, dict | list))
        elif isinstance(value, list):
            yield from (v for v in value if isinstance(v, dict | list))
