"""The files of /docs: Swagger UI as it was published, and what starts it."""

from collections.abc import Mapping
from pathlib import Path

STATIC = Path(__file__).parent / "static"
SWAGGER = STATIC / "swagger"
"""Files of others, unchanged; `manifest.json` beside them names their version and hashes."""

INDEX = STATIC / "index.html"

FILES: Mapping[str, Path] = {
    "start.js": STATIC / "start.js",
    **{
        name: SWAGGER / name
        for name in (
            "favicon-32x32.png", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt",
            "swagger-ui.css",
        )
    },
}  # fmt: skip
"""What /docs/NAME sends."""

KINDS: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
