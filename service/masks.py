"""What a trace may show of a schema's requests: nothing of its upstreams' credentials either."""

from collections.abc import Mapping

from pipelines.trace.preview import TRACE_CHARACTERS, Preview
from schema.model import Schema


def preview_for(
    schema: Schema, environ: Mapping[str, str], characters: int = TRACE_CHARACTERS
) -> Preview:
    """Previews that hide the headers in which upstreams take their keys, and the keys themselves.

    `environ` holds the variables that upstreams name for their credentials.
    """
    auths = [upstream.auth for upstream in schema.document.upstreams.values()]
    variables = [
        variable
        for auth in auths
        for variable in (auth.username_env, auth.password_env, auth.token_env, auth.key_env)
        if variable is not None
    ]
    return Preview(
        headers=[auth.header for auth in auths],
        secrets=[environ[variable] for variable in variables if variable in environ],
        characters=characters,
    )
