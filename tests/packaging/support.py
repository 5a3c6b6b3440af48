"""Runs commands, and sends requests to Daypass."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def run(*command, **options):
    """Runs a command. Returns its output."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **options)
    assert result.returncode == 0, f"{' '.join(map(str, command))}: {result.stdout}"
    return result.stdout


def free_port():
    """A port below the range from which the system takes ports, so that no other program gets it before its server."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if condition():
                return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def call(port, method, path, token=None, body=None):
    """Sends a request. Returns the status and the JSON body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None


def sign_up(port, name="ada"):
    status, body = call(port, "POST", "/api/users", body={"username": name, "password": "orbit lantern cactus velvet"})
    assert status == 201, (status, body)
    return body["sessionToken"]


def is_valid(port, token):
    return call(port, "GET", "/api/verify", token)[0] == 204


def status_of(port, path="/health/ready"):
    return call(port, "GET", path)[0]


class Service:
    """A running Daypass. Its log is in `log`."""

    def __init__(self, command, port, log, cleanup, **options):
        self.port, self.log = port, log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, **options)
        cleanup.callback(self.kill)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait_until_ready(self):
        def is_ready():
            assert self.process.poll() is None, self.log.read_text()
            return status_of(self.port) == 200

        wait_for("the service is ready", is_ready)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log.read_text()


def clean_environment(**settings):
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/root")} | settings
