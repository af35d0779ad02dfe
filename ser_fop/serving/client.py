"""Client of `ser-fop serve` and of TF Serving."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.corpora.audio import padded_batch, read_audio
from ser_fop.errors import InputError
from ser_fop.inference.outputs import LABELS, REASON, SCORES


class Client:
    """Client that sends recordings to a server and returns its predictions.

    Args:
        address: Address of the server, such as `http://localhost:8501`.
        model: Name of the model.
        version: Version of the model. None means the newest.
        sample_rate_hz: Sample rate of the model, in Hz.
        timeout_s: Maximum time for a response, in seconds.
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
        version_path = f"/versions/{version}" if version is not None else ""
        self._url = f"{address.rstrip('/')}/v1/models/{model}{version_path}"
        self._rate_hz = sample_rate_hz
        self._timeout_s = timeout_s

    def predict(self, sources: Sequence[str | Path | np.ndarray]) -> list[dict[str, Any]]:
        """Recognise the emotions, or another target, of recordings.

        Args:
            sources: Audio files of any format and sample rate, or arrays at the sample rate of the model.

        Returns:
            One dictionary per recording: the answer by the name of the target, such as `emotion`; `probabilities` by
            class; and `reason`, why the answer is unsure, doubtful or missing (empty without a doubt).

        Raises:
            InputError: If a file cannot be read, or the server rejects the request or does not respond.
        """
        waveforms = [
            source if isinstance(source, np.ndarray) else read_audio(Path(source), sample_rate_hz=self._rate_hz)
            for source in sources
        ]
        waveform, lengths = padded_batch(waveforms)
        instances = [
            {"waveform": row.tolist(), "length": int(length)} for row, length in zip(waveform, lengths, strict=True)
        ]
        return [
            {
                **{name: text for name, text in answer.items() if name not in (SCORES, LABELS, REASON)},
                "probabilities": dict(zip(answer[LABELS], answer[SCORES], strict=True)),
                REASON: answer.get(REASON, ""),
            }
            for answer in self._request(":predict", {"instances": instances})["predictions"]
        ]

    def status(self) -> dict[str, Any]:
        """Return the state of the versions of the model."""
        return self._request("", None)

    def metadata(self) -> dict[str, Any]:
        """Return the signatures of the model."""
        return self._request("/metadata", None)

    def _request(self, rest: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + rest, data=data, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise InputError(f"{self._url}{rest}: {error.code}: {_error_message(error)}") from error
        except (urllib.error.URLError, TimeoutError) as error:
            raise InputError(f"no response from {self._url}{rest} ({error}). Check that the server runs.") from error


def _error_message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return error.reason
