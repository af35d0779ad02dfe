"""Checks of the images that need no Docker engine."""

import fnmatch
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml

from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.export.server_files import write_server_files
from ser_fop.testing.file_server import file_server

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())


def ids(path):
    return path.name


@pytest.mark.parametrize("path", DOCKERFILES, ids=ids)
class TestDockerfiles:
    def test_dockerfile_passes_linter(self, path):
        hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
        if hadolint is None:
            pytest.skip("hadolint is not installed")
        run = subprocess.run([hadolint, str(path)], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (0, "")

    def test_copied_files_exist_and_are_not_ignored(self, path):
        text = path.read_text().replace("${MODEL}", f"saved_models/{DEFAULT_MODEL}")
        included = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.M):
            assert list(ROOT.glob(source)), source
            assert any(fnmatch.fnmatch(source, one) or source.startswith(f"{one}/") for one in included), source

    def test_container_runs_as_unprivileged_user(self, path):
        users = re.findall(r"^USER (\S+)$", path.read_text(), re.M)
        assert users == ["10001"]

    def test_dockerfile_has_healthcheck(self, path):
        assert re.search(r"^HEALTHCHECK ", path.read_text(), re.M)


class TestCompose:
    def test_compose_files_exist(self):
        for service in COMPOSE["services"].values():
            if "build" in service:
                assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
            for volume in service.get("volumes", []):
                source = volume.partition(":")[0]
                assert source in COMPOSE["volumes"] or source == "../runs" or (DOCKER / source).is_file()

    def test_ports_are_local(self):
        ports = [port for service in COMPOSE["services"].values() for port in service["ports"]]
        assert ports
        assert all(port.startswith("127.0.0.1:") for port in ports)

    def test_prometheus_scrapes_rest_port_of_server(self):
        (job,) = yaml.safe_load((DOCKER / "prometheus.yml").read_text())["scrape_configs"]
        (target,) = job["static_configs"][0]["targets"]
        service, _, port = target.partition(":")
        assert (
            f"--rest_api_port={port}" in (DOCKER / COMPOSE["services"][service]["build"]["dockerfile"][7:]).read_text()
        )
        assert f'path: "{job["metrics_path"]}"' in (DOCKER / "serving" / "monitoring.config").read_text()


def test_server_files_match_export(tmp_path):
    write_server_files(tmp_path, name="emotion")
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {path.name: path.read_text() for path in (DOCKER / "serving").glob("*.config")} == written


class TestHealthy:
    @pytest.mark.parametrize(
        ("path", "content", "status"),
        [
            ("/v1/models/emotion", b'{"model_version_status": [{"state": "AVAILABLE"}]}', 0),
            ("/v1/models/emotion", b'{"model_version_status": [{"state": "LOADING"}]}', 1),
            ("/v1/models/other", b'{"model_version_status": [{"state": "AVAILABLE"}]}', 1),
        ],
    )
    def test_health_status_of_server(self, path, content, status):
        with file_server({path: content}) as server:
            port = server.address.rpartition(":")[2]
            assert self.status(port) == status

    def test_health_status_without_server(self):
        assert self.status("9") == 1

    def status(self, port):
        command = ["bash", str(DOCKER / "serving" / "healthy.sh"), "emotion", port]
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode


@pytest.mark.slow  # each check starts a process with TensorFlow
class TestCheckModel:
    @pytest.fixture(scope="class")
    def model(self, tmp_path_factory):
        """A model whose output is the mean of each sound."""
        root = tmp_path_factory.mktemp("model")
        module = tf.Module()
        signature = [tf.TensorSpec([None, None], tf.float32, "waveform"), tf.TensorSpec([None], tf.int32, "length")]

        @tf.function(input_signature=signature)
        def answer(waveform, length):
            return {"scores": tf.reduce_sum(waveform, axis=1) / tf.cast(length, tf.float32)}

        module.answer = answer
        tf.saved_model.save(module, str(root / "1"), signatures=answer)
        (root / "1" / "assets.extra").mkdir()
        return root

    def run_check(self, model, outputs):
        golden = {"waveform": np.ones((2, 4), np.float32), "length": np.array([4, 2], np.int32)}
        np.savez(model / "1" / "assets.extra" / "golden.npz", **golden, answer_scores=np.array(outputs, np.float32))
        command = [sys.executable, str(DOCKER / "serving" / "check_model.py"), str(model)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_check_model_accepts_equal_outputs(self, model):
        run = self.run_check(model, [1.0, 2.0])
        assert run.returncode == 0
        assert "largest difference 0" in run.stdout

    def test_check_model_rejects_other_outputs(self, model):
        assert self.run_check(model, [1.0, 2.01]).returncode == 1

    def test_check_model_rejects_folder_without_version(self, tmp_path):
        command = [sys.executable, str(DOCKER / "serving" / "check_model.py"), str(tmp_path)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 2
        assert "contains no version of a model" in run.stderr
