#!/usr/bin/env bash
# Exits with 0 if the model is available. The image of TF Serving has neither curl nor wget.
set -euo pipefail
exec 3<> "/dev/tcp/127.0.0.1/${2:-8501}"
printf 'GET /v1/models/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
timeout 4 grep -q AVAILABLE <&3
