"""The parts of schema.json that say who may do what, and where bytes are fetched from."""

from typing import Annotated, Literal

from msgspec import Meta

from schema.document_data import Json, Name, Part, PositiveInt


class Principals(Part, frozen=True):
    """Where principals come from."""

    source: tuple[Literal["jwt", "api_token", "basic"], ...] = ("jwt", "api_token", "basic")


class Scope(Part, frozen=True):
    """A name that tokens carry, and the operations it lets run (`*` for all)."""

    name: Name
    actions: tuple[str, ...]


class Require(Part, frozen=True):
    """What a policy asks of the principal: any (or all) of these scopes; none means nobody."""

    scopes: tuple[str, ...]
    mode: Literal["any", "all"] = "any"


class Policy(Part, frozen=True):
    """Lets a principal in, or keeps it out, where `when` holds of the route and the tenant."""

    name: Name
    effect: Literal["allow", "deny"]
    when: dict[str, Json] | None = None
    require: Require | None = None


class Anonymous(Part, frozen=True):
    """What a request without a principal may do."""

    scopes: tuple[str, ...] = ()


class Auth(Part, frozen=True):
    """Who may do what."""

    principals: Principals = Principals()
    scopes: tuple[Scope, ...] = ()
    policies: tuple[Policy, ...] = ()
    anonymous: Anonymous = Anonymous()


class UpstreamAuth(Part, frozen=True):
    """Credentials, named by the environment variables that hold them."""

    mode: Literal["none", "basic", "bearer_token", "api_key"] = "none"
    username_env: str | None = None
    password_env: str | None = None
    token_env: str | None = None
    key_env: str | None = None
    header: str = "X-API-Key"


class Timeouts(Part, frozen=True):
    """Milliseconds."""

    connect: PositiveInt = 2000
    read: PositiveInt = 10000


class Retry(Part, frozen=True):
    """`max_attempts` counts the first try; `backoff_ms` is the first pause, with jitter."""

    max_attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    backoff_ms: PositiveInt = 200
    exponential: bool = True


class HealthCheck(Part, frozen=True):
    """How an upstream's health is asked for."""

    path: str = "/health"
    interval_seconds: PositiveInt = 30


class Upstream(Part, frozen=True):
    """Another repository that this one may fetch from."""

    base_url: str
    auth: UpstreamAuth = UpstreamAuth()
    timeouts_ms: Timeouts = Timeouts()
    retry: Retry = Retry()
    health_check: HealthCheck | None = None
    allow_private: bool = False
