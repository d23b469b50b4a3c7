"""Counts of what happens, for /metrics.

What pipelines count on their way is added to plain numbers and moved to Prometheus' counters when
somebody looks, or once a second: a count costs a dictionary's look-up. With several processes
PROMETHEUS_MULTIPROC_DIR must be set before this file is imported; each then writes its own files
there and any of them answers for all.
"""

import os
from bisect import bisect_left
from collections import defaultdict

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

_LATENCIES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class _Latencies:
    """Requests since the last look: how many a bucket, and their seconds in all."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_LATENCIES) + 1)
        self.total = 0.0

    def move_to(self, histogram: Histogram) -> None:
        """Add what was counted to Prometheus' own buckets.

        They have no public way to add many observations at once, and one by one they would cost
        as much as the rest of a request's bookkeeping together.
        """
        if any(self.counts):
            for bucket, count in zip(histogram._buckets, self.counts, strict=True):
                bucket.inc(count)
            histogram._sum.inc(self.total)
            self.counts = [0] * len(self.counts)
            self.total = 0.0


class Metrics:
    """The counters of a process; it is the Meter that pipelines see."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "larder_request_seconds",
            "Requests by route and status, and how long they took.",
            ("route", "status"),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "larder_requests_in_flight",
            "Requests that are being answered.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._calls = self._counter("larder_store_calls", "Calls of stores.", "effect")
        self._looks = self._counter("larder_cache_looks", "Looks into a cache.", "kind", "result")
        self._bytes = self._counter("larder_blob_bytes", "Bytes of blobs.", "direction")
        self._retries = self._counter("larder_transaction_retries", "Segments run again.")
        self._drops = self._counter("larder_log_lines_dropped", "Log lines that were dropped.")
        self._seconds: dict[tuple[str, int], _Latencies] = {}
        self._counted: defaultdict[tuple[Counter, tuple[str, ...]], int] = defaultdict(int)
        self._store_calls: defaultdict[str, int] = defaultdict(int)
        self._drops_seen = 0
        self.in_flight = 0

    # what a pipeline counts

    def store_call(self, effect: str) -> None:
        """One call of a store."""
        self._store_calls[effect] += 1

    def cache(self, kind: str, *, hit: bool) -> None:
        """One look into a cache."""
        self._counted[self._looks, (kind, "hit" if hit else "miss")] += 1

    def blob_bytes(self, direction: str, count: int) -> None:
        """Bytes `in` or `out`."""
        self._counted[self._bytes, (direction,)] += count

    def transaction_retry(self) -> None:
        """One segment was run again."""
        self._counted[self._retries, ()] += 1

    # what the service counts

    def answered(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        seen = self._seconds.get((route, status))
        if seen is None:
            seen = self._seconds[route, status] = _Latencies()
        seen.counts[bisect_left(_LATENCIES, seconds)] += 1
        seen.total += seconds

    def lines_dropped(self, total: int) -> None:
        """How many log lines were dropped so far."""
        dropped, self._drops_seen = total - self._drops_seen, total
        if dropped:
            self._counted[self._drops, ()] += dropped

    # looking

    def flush(self) -> None:
        """Move what was counted to where other processes and /metrics can see it."""
        counted, self._counted = self._counted, defaultdict(int)
        for effect, count in self._store_calls.items():
            counted[self._calls, (effect,)] += count
        self._store_calls.clear()
        for (counter, labels), count in counted.items():
            (counter.labels(*labels) if labels else counter).inc(count)
        for (route, status), seen in self._seconds.items():
            seen.move_to(self._requests.labels(route, str(status)))
        self._in_flight.set(self.in_flight)

    def page(self) -> tuple[str, bytes]:
        """The content type and the text of /metrics, for all processes."""
        self.flush()
        registry = self.registry
        if MULTIPROCESS in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return CONTENT_TYPE_LATEST, generate_latest(registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)
