"""Prometheus metrics: number and duration of requests, batch sizes, open streams and loaded versions."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

PATH = "/monitoring/prometheus/metrics"
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Monitoring:
    """Metrics of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "ser_fop_requests", "Requests, by method and HTTP status", ["method", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "ser_fop_request_seconds",
            "Seconds from the last byte of the request to the response",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.batches = Histogram(
            "ser_fop_batch_utterances",
            "Utterances in a batch",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self._registry,
        )
        self.streams = Gauge("ser_fop_streams", "Open streams", registry=self._registry)
        self.versions = Gauge("ser_fop_model_versions", "Versions in memory", ["model"], registry=self._registry)

    def text(self) -> tuple[bytes, str]:
        """Return the metrics as text, and their content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
