"""What is counted can be seen."""

import subprocess
import sys

from service.metrics import Metrics

COUNT = """
import sys
from service.metrics import Metrics
metrics = Metrics()
metrics.store_call("kv.read")
metrics.answered("list", 200, 0.01)
metrics.flush()
sys.stdout.write(metrics.page()[1].decode())
"""


def page(metrics):
    return metrics.page()[1].decode().splitlines()


def test_everything_that_is_counted_stands_on_the_page():
    metrics = Metrics()
    metrics.store_call("kv.read")
    metrics.store_call("kv.read")
    metrics.cache("response", hit=True)
    metrics.cache("response", hit=False)
    metrics.blob_bytes("out", 5)
    metrics.transaction_retry()
    metrics.lines_dropped(3)
    metrics.lines_dropped(3)
    metrics.answered("list", 200, 0.002)
    metrics.in_flight = 4
    lines = page(metrics)
    for line in (
        'larder_store_calls_total{effect="kv.read"} 2.0',
        'larder_cache_looks_total{kind="response",result="hit"} 1.0',
        'larder_cache_looks_total{kind="response",result="miss"} 1.0',
        'larder_blob_bytes_total{direction="out"} 5.0',
        "larder_transaction_retries_total 1.0",
        "larder_log_lines_dropped_total 3.0",
        'larder_request_seconds_count{route="list",status="200"} 1.0',
        'larder_request_seconds_bucket{le="0.0025",route="list",status="200"} 1.0',
        "larder_requests_in_flight 4.0",
    ):
        assert line in lines


def test_looking_twice_counts_once():
    metrics = Metrics()
    metrics.store_call("kv.read")
    page(metrics)
    assert 'larder_store_calls_total{effect="kv.read"} 1.0' in page(metrics)


def test_any_process_answers_for_all_of_them(tmp_path):
    command = [sys.executable, "-c", COUNT]
    environ = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run(command, env=environ, check=True, capture_output=True)
    told = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
    assert 'larder_store_calls_total{effect="kv.read"} 2.0' in told
    assert 'larder_request_seconds_count{route="list",status="200"} 2.0' in told
