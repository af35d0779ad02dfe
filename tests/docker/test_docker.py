"""What can be known of the images without a Docker engine."""

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
    def test_a_linter_finds_nothing(self, path):
        hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
        if hadolint is None:
            pytest.skip("hadolint is not installed")
        run = subprocess.run([hadolint, str(path)], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (0, "")

    def test_what_is_copied_is_there_and_not_ignored(self, path):
        text = path.read_text().replace("${MODEL}", f"saved_models/{DEFAULT_MODEL}")
        kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.M):
            assert list(ROOT.glob(source)), source
            assert any(fnmatch.fnmatch(source, one) or source.startswith(f"{one}/") for one in kept), source

    def test_runs_as_a_user_without_rights(self, path):
        users = re.findall(r"^USER (\S+)$", path.read_text(), re.M)
        assert users == ["10001"]

    def test_says_how_its_health_is_known(self, path):
        assert re.search(r"^HEALTHCHECK ", path.read_text(), re.M)


class TestCompose:
    def test_files_are_there(self):
        for service in COMPOSE["services"].values():
            if "build" in service:
                assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
            for volume in service.get("volumes", []):
                source = volume.partition(":")[0]
                assert source in COMPOSE["volumes"] or source == "../runs" or (DOCKER / source).is_file()

    def test_ports_listen_on_this_machine_alone(self):
        ports = [port for service in COMPOSE["services"].values() for port in service["ports"]]
        assert ports
        assert all(port.startswith("127.0.0.1:") for port in ports)

    def test_prometheus_asks_where_the_server_answers(self):
        (job,) = yaml.safe_load((DOCKER / "prometheus.yml").read_text())["scrape_configs"]
        (target,) = job["static_configs"][0]["targets"]
        service, _, port = target.partition(":")
        assert (
            f"--rest_api_port={port}" in (DOCKER / COMPOSE["services"][service]["build"]["dockerfile"][7:]).read_text()
        )
        assert f'path: "{job["metrics_path"]}"' in (DOCKER / "serving" / "monitoring.config").read_text()


def test_the_servers_files_are_those_that_export_writes(tmp_path):
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
    def test_of_a_server(self, path, content, status):
        with file_server({path: content}) as server:
            port = server.address.rpartition(":")[2]
            assert self.status(port) == status

    def test_of_nobody(self):
        assert self.status("9") == 1

    def status(self, port):
        command = ["bash", str(DOCKER / "serving" / "healthy.sh"), "emotion", port]
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode


class TestCheckModel:
    @pytest.fixture(scope="class")
    def model(self, tmp_path_factory):
        """A model that answers with the mean of each sound."""
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

    def asked(self, model, answers):
        golden = {"waveform": np.ones((2, 4), np.float32), "length": np.array([4, 2], np.int32)}
        np.savez(model / "1" / "assets.extra" / "golden.npz", **golden, answer_scores=np.array(answers, np.float32))
        command = [sys.executable, str(DOCKER / "serving" / "check_model.py"), str(model)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_equal_answers_pass(self, model):
        run = self.asked(model, [1.0, 2.0])
        assert run.returncode == 0
        assert "answers within 0" in run.stdout

    def test_other_answers_do_not(self, model):
        assert self.asked(model, [1.0, 2.01]).returncode == 1

    def test_a_folder_without_a_version_is_told(self, tmp_path):
        command = [sys.executable, str(DOCKER / "serving" / "check_model.py"), str(tmp_path)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 2
        assert "holds no version of a model" in run.stderr
