"""Creates databases and Redis servers for the measured servers, and removes them afterwards."""

import contextlib
import itertools
import os
import socket
import subprocess
import time
import urllib.parse

from servers import START_DEADLINE, BenchError

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
NUMBERS = itertools.count()


def sql(statement):
    done = subprocess.run(["psql", "-Xqtc", statement, POSTGRES], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"PostgreSQL (TEST_POSTGRES_URL): {done.stderr.strip()}")


@contextlib.contextmanager
def database(kind, folder):
    """Yields the URL of a new database."""
    if kind == "SQLite":
        yield f"sqlite://{folder}/daypass.db?mode=rwc"
        return
    name = f"daypass_bench_{os.getpid()}_{next(NUMBERS)}"
    sql(f"CREATE DATABASE {name}")
    try:
        yield urllib.parse.urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
    finally:
        sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def redis(folder):
    """Starts a Redis server that writes nothing to disk. Yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", "",
               "--appendonly", "no", "--logfile", folder / "redis.log"]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(port, process)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(port, process):
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(b"PING\r\n")
            if probe.recv(16).startswith(b"+PONG"):
                return
        time.sleep(0.02)
    raise BenchError("redis-server did not start")
