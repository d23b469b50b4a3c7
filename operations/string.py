"""Text made of other text."""

from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import Text


@operation("string.format")
def format_(ctx: ExecutionContext, template: Text) -> Text:
    """The text of a template; the compiler has put the values in already."""
    return template
