# syntax=docker/dockerfile:1
# Every stage of ser-fop, on CPUs or, with --build-arg DEVICE=gpu, on NVIDIA GPUs:
#   docker build -f docker/train.Dockerfile -t ser_fop .
#   docker run --rm -v "$PWD:/work" ser_fop reproduce --out runs/synthetic
ARG PYTHON=3.12
FROM python:${PYTHON}-slim

ARG DEVICE=cpu
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN --mount=type=bind,target=/source,readwrite \
    case "${DEVICE}" in \
      cpu) extras="demo,serve" ;; \
      gpu) extras="demo,serve,gpu" ;; \
      *) echo "DEVICE expected cpu or gpu, received ${DEVICE}" >&2; exit 2 ;; \
    esac; \
    pip install --no-cache-dir "/source[${extras}]"

RUN useradd --create-home --uid 10001 user
USER 10001
WORKDIR /work
# A stage runs to its end and then writes COMPLETED; it has no service to check while it runs.
HEALTHCHECK NONE
ENTRYPOINT ["ser-fop"]
CMD ["--help"]
