"""Every kind of difference: how grave it is, what it means, what to do about it."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Grade = Literal["safe", "risky", "breaking"]

GRADES: tuple[Grade, ...] = ("safe", "risky", "breaking")
"""From the harmless to the grave."""


class Kind(NamedTuple):
    """One kind: its grade, its meaning for clients or for data, and a hint."""

    grade: Grade
    meaning: str
    hint: str = ""


_KEEP = "keep the old one beside the new one until nobody uses it"
_MIGRATE = "read and rewrite what is stored before the new schema serves, or keep the old one"
_TELL = "tell the clients first"
_AGREE = "make sure that this is meant"

KINDS: Mapping[str, Kind] = {
    # routes
    "route-added": Kind("safe", "Clients may ask for something new."),
    "route-removed": Kind("breaking", "Clients that ask for it are answered 404.", _KEEP),
    "route-moved": Kind("breaking", "Clients that ask at the old place are answered 404.", _KEEP),
    "route-renamed": Kind("safe", "Logs, metrics and policies know the route by another id."),
    "route-closed": Kind("breaking", "Principals that got in are refused.", _TELL),
    "route-opened": Kind("risky", "Principals get in that did not before.", _AGREE),
    "route-open-to-all": Kind("risky", "Anybody gets in, without a credential.", _AGREE),
    "route-not-open-to-all": Kind("breaking", "Clients without a credential get 401.", _TELL),
    "policy-changed": Kind("risky", "The tenants that get in may be others.", _AGREE),
    "effects-added": Kind("risky", "The route does more than before.", _AGREE),
    "effects-removed": Kind("risky", "The route does less than before.", _AGREE),
    # replies
    "success-removed": Kind("breaking", "Clients that wait for this status never see it.", _KEEP),
    "success-added": Kind("risky", "Clients may not know this success.", _TELL),
    "error-added": Kind("risky", "Clients may not know this error.", _TELL),
    "error-removed": Kind("safe", "Clients never see this error again."),
    "media-changed": Kind("breaking", "Clients read the body as something that it is not.", _KEEP),
    "header-removed": Kind("risky", "Clients may have used the header.", _TELL),
    "header-added": Kind("safe", "Clients are told more."),
    "reply-lacks": Kind("breaking", "Clients miss a property that always came.", _KEEP),
    "reply-type": Kind("breaking", "Clients get values of a type that never came.", _KEEP),
    "reply-widened": Kind("risky", "Clients get values that never came.", _TELL),
    "reply-extended": Kind("safe", "Clients get a property that they may ignore."),
    "reply-narrowed": Kind("safe", "Clients get less variety than before."),
    # requests
    "parameter-required": Kind("breaking", "Requests without the parameter are refused.", _KEEP),
    "parameter-removed": Kind("breaking", "Requests with the parameter are refused.", _KEEP),
    "parameter-ignored": Kind("risky", "The parameter has no effect any more.", _TELL),
    "parameter-added": Kind("safe", "Clients may say more."),
    "parameter-stricter": Kind("breaking", "Requests that were good are refused.", _KEEP),
    "parameter-looser": Kind("safe", "More requests are good."),
    "parameter-default": Kind("risky", "Requests without the parameter mean another value.", _TELL),
    "body-media-changed": Kind("breaking", "Clients send what is not understood.", _KEEP),
    "body-stricter": Kind("breaking", "Bodies that were good are refused.", _KEEP),
    "body-looser": Kind("safe", "More bodies are good."),
    # coordinates
    "pattern-narrowed": Kind(
        "breaking", "Such names are refused, and what is stored under them is out of reach.",
        _MIGRATE,
    ),
    "pattern-unclear": Kind(
        "risky", "Nobody has proved that all names stay good.", "write the pattern more simply"
    ),
    "pattern-widened": Kind("safe", "More names are good."),
    "length-lowered": Kind(
        "breaking", "Longer names are refused, and what is stored under them is out of reach.",
        _MIGRATE,
    ),
    "field-type-changed": Kind("breaking", "Keys and orders are made in another way.", _MIGRATE),
    "field-required": Kind("breaking", "Coordinates without the field are refused.", _MIGRATE),
    "field-optional": Kind("safe", "Coordinates may lack the field."),
    "normal-form-changed": Kind(
        "breaking", "The same coordinates lead to other keys; what is stored is out of reach.",
        _MIGRATE,
    ),
    "namespace-changed": Kind("risky", "Tokens for namespaces open other things.", _AGREE),
    "version-scheme-changed": Kind("breaking", "Published versions may be no versions.", _MIGRATE),
    "version-order-changed": Kind(
        "breaking", "Rows stand in the old order: listings and `latest` are wrong.", _MIGRATE
    ),
    "prereleases-refused": Kind("breaking", "Prereleases are refused.", _TELL),
    "prereleases-allowed": Kind("safe", "Prereleases may be published."),
    "latest-changed": Kind("risky", "`latest` is chosen in another way.", _TELL),
    # what is stored
    "document-added": Kind("safe", "There is a new kind of document."),
    "document-removed": Kind("breaking", "Existing data becomes unreachable.", _MIGRATE),
    "key-changed": Kind("breaking", "Existing data becomes unreachable.", _MIGRATE),
    "document-moved": Kind("breaking", "Existing data becomes unreachable.", _MIGRATE),
    "document-stricter": Kind(
        "breaking", "Documents that are stored are refused when they are written again.", _MIGRATE
    ),
    "document-looser": Kind("safe", "Documents may hold more than before."),
    "index-added": Kind("risky", "Documents written before have no rows in it.", _MIGRATE),
    "index-removed": Kind("breaking", "The listing is gone.", _KEEP),
    "index-source-changed": Kind("breaking", "Its rows are those of other documents.", _MIGRATE),
    "ordering-added": Kind("risky", "Rows written before do not stand in it.", _MIGRATE),
    "ordering-removed": Kind("breaking", "The listing is gone.", _KEEP),
    "ordering-changed": Kind("breaking", "Rows written before are not found.", _MIGRATE),
    "ordering-unique": Kind("breaking", "Documents that agree on them are refused.", _MIGRATE),
    "ordering-not-unique": Kind("risky", "Documents may agree on the fields.", _AGREE),
    "ordering-default": Kind("risky", "Listings that name no ordering come in another.", _TELL),
    "kv-store-moved": Kind("breaking", "Existing data becomes unreachable.", _MIGRATE),
    "blob-store-added": Kind("safe", "There is a new place for bytes."),
    "blob-store-removed": Kind("breaking", "Stored bytes become unreachable.", _MIGRATE),
    "blob-store-moved": Kind("breaking", "Stored bytes become unreachable.", _MIGRATE),
    # who may do what
    "scope-added": Kind("safe", "Tokens may carry a new scope."),
    "scope-removed": Kind("breaking", "Tokens that carry it open nothing with it.", _TELL),
    "credential-added": Kind("risky", "Principals may come in another way.", _AGREE),
    "credential-removed": Kind("breaking", "Such credentials count no more.", _TELL),
    "tenancy-changed": Kind("breaking", "Data is kept under other tenants than it was.", _MIGRATE),
    "tenancy-allowed": Kind("risky", "Requests may name a tenant, whose data is apart.", _AGREE),
    "tenant-header-changed": Kind("breaking", "The header of before names no tenant.", _TELL),
    # events and followers
    "event-added": Kind("safe", "Consumers may learn of something new."),
    "event-removed": Kind("breaking", "Consumers wait for it in vain.", _KEEP),
    "event-lacks": Kind("breaking", "Consumers miss a property that always came.", _KEEP),
    "event-widened": Kind("breaking", "Consumers get payloads that they do not know.", _KEEP),
    "event-extended": Kind("safe", "Consumers get a property that they may ignore."),
    "event-narrowed": Kind("risky", "Events that are in the log break the new schema.", _AGREE),
    "event-not-durable": Kind("breaking", "Followers never hear of it.", _KEEP),
    "event-durable": Kind("safe", "It goes into the log."),
    "log-moved": Kind("breaking", "The log begins anew, and cursors of followers lead nowhere.",
                      _MIGRATE),
    "replication-changed": Kind("breaking", "Events go another way, or none.", _TELL),
    "batch-lowered": Kind("risky", "Followers get less at once.", _AGREE),
    "apply-added": Kind("safe", "Followers apply more."),
    "apply-removed": Kind("breaking", "Followers ignore such events, and differ.", _AGREE),
    "apply-changed": Kind("risky", "Old and new followers make other things of an event.", _AGREE),
    # what is kept
    "gc-on": Kind("risky", "Blobs that no document names are deleted.", "run it dry first"),
    "gc-off": Kind("safe", "Nothing is deleted; storage grows."),
    "retention-shortened": Kind("breaking", "What is stored today is deleted.", _AGREE),
    "retention-lengthened": Kind("safe", "More is kept."),
    "grace-shortened": Kind("risky", "An upload under way may lose its bytes.", _AGREE),
    "grace-lengthened": Kind("safe", "Unreferenced blobs are kept longer."),
    "mark-removed": Kind("breaking", "Blobs that only these fields name are deleted.", _AGREE),
    "mark-added": Kind("safe", "More blobs are kept."),
    "sweep-moved": Kind("safe", "The collector runs at another time."),
    # the rest
    "limit-lowered": Kind("breaking", "Requests that were served are refused.", _TELL),
    "budget-lowered": Kind("risky", "Slow or costly requests may be stopped.", _AGREE),
    "limit-raised": Kind("safe", "Larger requests are served."),
    "upstream-added": Kind("safe", "There is another repository to ask."),
    "upstream-removed": Kind("breaking", "What only it has is not found any more.", _KEEP),
    "upstream-moved": Kind("risky", "Another repository answers.", _AGREE),
    "upstream-changed": Kind("risky", "It is asked in another way.", _AGREE),
    "feature-off": Kind("breaking", "What the flag allowed is refused.", _TELL),
    "feature-on": Kind("risky", "What the flag forbade is allowed.", _AGREE),
    "cache-changed": Kind("safe", "Caches keep other things, or for another time."),
    "cache-varies-less": Kind("risky", "A cached value may reach those it is not for.", _AGREE),
    "proof-removed": Kind("risky", "Nothing holds a later change to it.", _AGREE),
    "identity-changed": Kind("risky", "Clients see another kind of repository.", _TELL),
}  # fmt: skip
