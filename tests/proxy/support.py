"""Starts Daypass, and waits for processes."""

import contextlib
import http.client
import os
import pathlib
import random
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("DAYPASS_BIN", str(ROOT / "target/debug/daypass"))


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
    sys.exit(f"not within {seconds} s: {what}")


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    return connection.getresponse().status


def is_healthy(port, path="/health/live"):
    return get(port, path) == 200


def start_replica(folder, name, cleanup, **settings):
    """Starts Daypass with a database of its own."""
    port, home = free_port(), folder / name
    home.mkdir()
    base = {"PORT": str(port), "JWT_SECRET": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "PATH": os.environ["PATH"]}
    log = open(folder / f"{name}.log", "wb")
    process = subprocess.Popen([BINARY], env=base | settings, cwd=home, stdout=log, stderr=log)
    cleanup.callback(process.kill)
    wait_for(f"{name} is ready", lambda: is_healthy(port, "/health/ready"))
    return port, process
