"""Serve exported models through TF Serving's REST API: `ser-fop serve models/emotion --port 8501`."""

from typing import Any

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import ServeConfig
from ser_fop.errors import InputError
from ser_fop.hub.published import resolve_published
from ser_fop.serving.models import ServedModel


def run(config: ServeConfig) -> None:
    """Load the models and serve requests until a signal arrives; pending requests are still answered."""
    try:
        import uvicorn

        from ser_fop.serving.app import Limits, create_app
        from ser_fop.serving.head_deadline import with_head_deadline
    except ModuleNotFoundError as error:
        raise InputError(
            f'`ser-fop serve` needs {error.name}, which is not installed: pip install "ser_fop[serve]".'
        ) from error

    models = _models(config)
    limits = Limits(
        body_bytes=round(1e6 * config.max_body_mb),
        instances=config.most_instances,
        max_duration_s=config.max_duration_s,
        upload_timeout_s=config.upload_timeout_s,
        response_timeout_s=config.response_timeout_s,
        batch=config.batch,
        batch_wait_s=config.batch_wait_ms / 1000,
        detect_speech=config.detect_speech,
        streams=config.max_streams,
    )
    for model in models:
        numbers = ", ".join(map(str, model.versions))
        print(f"http://{config.host}:{config.port}/v1/models/{model.name} (version {numbers})", flush=True)
    uvicorn.run(
        create_app(models, limits),
        host=config.host,
        port=config.port,
        http=with_head_deadline(limits.upload_timeout_s),
        ws_max_size=limits.stream_message_bytes,
        log_level="warning",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=round(config.response_timeout_s),
    )


def _models(config: ServeConfig) -> list[Any]:
    """Return the models to serve, with the versions that `--labels` names."""
    if not config.models:
        raise InputError("expected at least one model folder, such as models/emotion; received none.")
    folders = {}
    for text in config.models:
        name, equals, folder = text.partition("=")
        folder = resolve_published(folder if equals else text)
        name = name if equals else folder.resolve().name
        if name in folders:
            raise InputError(
                f"expected different model names, received {name!r} twice. Rename one of them with NAME=FOLDER."
            )
        folders[name] = folder
    labels: dict[str, dict[str, int]] = {name: {} for name in folders}
    for text in config.labels:
        key, equals, number = text.partition("=")
        name, colon, label = key.partition(":")
        if not (equals and colon and label and number.isdecimal() and name in labels):
            raise InputError(
                f"--labels expected NAME:LABEL=VERSION, such as {next(iter(folders))}:stable=1, received {text!r}."
            )
        labels[name][label] = int(number)
    return [ServedModel(name, folder, newest=config.versions, labels=labels[name]) for name, folder in folders.items()]


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("serve", ServeConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
