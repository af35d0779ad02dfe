"""A small client, for `ser-fop serve` and for TF Serving alike."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.corpora.audio import padded_batch, read_audio
from ser_fop.errors import InputError


class Client:
    """Asks a server about recordings.

    Args:
        address: Such as `http://localhost:8501`.
        model: The model's name.
        version: Its version; the newest by default.
        sample_rate_hz: The rate that the model reads.
        timeout_s: How long to wait for an answer.
    """

    def __init__(
        self,
        address: str = "http://localhost:8501",
        *,
        model: str,
        version: int | None = None,
        sample_rate_hz: int = 16000,
        timeout_s: float = 30.0,
    ) -> None:
        place = f"/versions/{version}" if version is not None else ""
        self._url = f"{address.rstrip('/')}/v1/models/{model}{place}"
        self._rate_hz = sample_rate_hz
        self._timeout_s = timeout_s

    def predict(self, sources: Sequence[str | Path | np.ndarray]) -> list[dict[str, Any]]:
        """Return, for each recording, `emotion` and the probability of each class.

        Args:
            sources: Files of any kind and rate, or samples at the model's rate.

        Raises:
            InputError: If a file cannot be read, or the server refuses.
        """
        sounds = [
            source if isinstance(source, np.ndarray) else read_audio(Path(source), sample_rate_hz=self._rate_hz)
            for source in sources
        ]
        waveform, lengths = padded_batch(sounds)
        instances = [
            {"waveform": row.tolist(), "length": int(length)} for row, length in zip(waveform, lengths, strict=True)
        ]
        return [
            {
                "emotion": answer["emotion"],
                "probabilities": dict(zip(answer["labels"], answer["scores"], strict=True)),
            }
            for answer in self._ask(":predict", {"instances": instances})["predictions"]
        ]

    def status(self) -> dict[str, Any]:
        """Return the state of the model's versions."""
        return self._ask("", None)

    def metadata(self) -> dict[str, Any]:
        """Return the model's signatures."""
        return self._ask("/metadata", None)

    def _ask(self, rest: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + rest, data=data, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise InputError(f"{self._url}{rest}: {error.code}: {_said(error)}") from error
        except (urllib.error.URLError, TimeoutError) as error:
            raise InputError(f"{self._url}{rest} does not answer: {error}") from error


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return error.reason
