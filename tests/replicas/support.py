"""Starts PostgreSQL and replicas, and sends requests to them."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("DAYPASS_BIN", str(ROOT / "target/debug/daypass"))
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


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
    sys.exit(f"waited {seconds} s: {what}")


class Client:
    """One persistent connection to one address."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def request(self, method, path, token=None, body=None):
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
                answer = self.connection.getresponse()
                text = answer.read()
                return answer.status, answer.headers, json.loads(text) if text else None
            except (OSError, http.client.HTTPException):
                self.connection = None
                if attempt == 2:
                    raise

    def call(self, method, path, token=None, body=None):
        status, _, body = self.request(method, path, token, body)
        return status, body

    def verify(self, token):
        return self.call("GET", "/api/verify", token)[0]

    def verify_admin(self, token):
        """Returns the status of a request that needs the role, the roles in the response, and the new token if there is one."""
        status, headers, _ = self.request("GET", "/api/verify?role=admin", token)
        return status, headers.get("X-Auth-Roles"), headers.get("Daypass-Session-Token")


class Postgres:
    """A separate cluster, which the test can stop. With `options`, the server logs every statement, for example."""

    def __init__(self, folder, options=""):
        self.port, self.data, self.bin = free_port(), folder / "postgres", postgres_programs()
        self.options, self.log = options, folder / "postgres.log"
        self.data.mkdir()
        self.log.touch()
        if os.geteuid() == 0:
            # PostgreSQL does not run as root.
            for path in (folder, self.data, self.log):
                shutil.chown(path, "postgres")
        self.run("initdb", "-A", "trust", "-U", "daypass", "--no-sync")
        self.start()
        self.url = f"postgres://daypass@127.0.0.1:{self.port}/postgres"

    def run(self, tool, *arguments):
        command = [str(self.bin / tool), "-D", str(self.data), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} {self.options}"
        self.run("pg_ctl", "start", "-w", "-t", "120", "-l", str(self.log), "-o", options)

    def stop(self):
        self.run("pg_ctl", "stop", "-m", "immediate", "-w")

    def stop_quietly(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()


def postgres_programs():
    """Returns the folder of initdb and pg_ctl. Debian does not add it to PATH."""
    if initdb := shutil.which("initdb"):
        return pathlib.Path(initdb).resolve().parent
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not folders:
        sys.exit("the server programs of PostgreSQL are missing: apt-get install postgresql")
    return folders[-1]


class Replica:
    def __init__(self, url, folder, name, **more):
        self.port = free_port()
        settings = {"PORT": str(self.port), "DATABASE_URL": url, "JWT_SECRET": SECRET, "ARGON2": "m=8,t=1,p=1", "RATE_LIMITS": "off",
                    "PATH": os.environ["PATH"], **more}
        self.log = open(folder / f"{name}.log", "wb")
        self.process = subprocess.Popen([BINARY], env=settings, cwd=folder, stdout=self.log, stderr=self.log)
        self.client = Client(self.port)
        wait_for(f"{name} is ready", lambda: self.client.call("GET", "/health/ready")[0] == 200)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def sign_up(client, name="ada"):
    status, body = client.call("POST", "/api/users", body={"username": name, "password": "correct horse battery"})
    assert status in (201, 409), body


def sign_in(client, name="ada"):
    status, body = client.call("POST", "/api/sessions", body={"username": name, "password": "correct horse battery"})
    assert status == 201, (status, body)
    return body["sessionToken"]


def rejection_lags(clients, token, since):
    """Milliseconds until each replica rejects the token."""
    lags, waiting = [], list(clients)
    while waiting:
        for client in list(waiting):
            if client.verify(token) == 401:
                lags.append((time.monotonic() - since) * 1000)
                waiting.remove(client)
        assert time.monotonic() - since < 20, "still accepted after 20 s"
        time.sleep(0.001)
    return lags


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]
