"""How a command can fail, and the exit code that each way has.

0 all well · 1 refused by the service, or findings · 2 usage, or could not run ·
3 the bytes are not the bytes that were declared · 4 the service was not reached
"""

from typing import Any


class Failure(Exception):
    """A command's end that is not a success. `exit_code` is what the process exits with."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        code: str = "COULD_NOT_RUN",
        hint: str | None = None,
        request_id: str | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.request_id = request_id
        self.details = details


class CouldNotRun(Failure):
    """Nothing was asked of the service: a file cannot be read, an argument makes no sense."""


class Refused(Failure):
    """The service answered, and the answer is no. `status` is the HTTP status."""

    def __init__(self, status: int, message: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.status = status
        self.exit_code = 3 if self.code == "DIGEST_MISMATCH" else 1


class Mismatch(Failure):
    """Bytes arrived whole and are not the bytes that the service announced."""

    exit_code = 3

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, code="DIGEST_MISMATCH", **facts)


class Unreachable(Failure):
    """The service did not answer, or broke off in the middle."""

    exit_code = 4

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, code="UNREACHABLE", **facts)
