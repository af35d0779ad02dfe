import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.accelerator import _gpu


@pytest.mark.skipif(_gpu() is not None, reason="with a GPU, the script would measure")
def test_accelerator_without_gpu_describes_measurement():
    command = [sys.executable, "-m", "benchmarks.accelerator", "--frames", "256"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert "No GPU found" in done.stdout
    assert "32 x 256 frames in float32, tf32, bfloat16" in done.stdout
