"""The servers under measurement: built, started, filled with rows, loaded, and stopped for certain."""

import http.client
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
DAYPASS = TARGET / "release" / "daypass"
PEER_TARGET = TARGET / "bench-peers"

SERVER_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 64
START_DEADLINE = 15
USERS, ITEMS_EACH = 10, 20

# A ratio between different versions would say nothing.
SHARED_CRATES = ["axum", "axum-core", "hyper", "hyper-util", "libsqlite3-sys", "serde_json", "sqlx", "sqlx-core",
                 "sqlx-sqlite", "tokio"]

# Nothing of the caller's own settings reaches the service; production is what is worth measuring.
SETTINGS = {
    "PATH": os.environ.get("PATH", ""), "DAYPASS_ENV": "production", "HOST": "127.0.0.1", "PORT": "0",
    "JWT_SECRET": "only-for-the-bench-0123456789abcdef",
}


class Trouble(Exception):
    """The measuring itself cannot go on."""


def check_tools():
    packages = {"wrk": "wrk", "taskset": "util-linux", "cargo": "rustup (https://rustup.rs)"}
    missing = [tool for tool in packages if not shutil.which(tool)]
    if missing:
        raise Trouble("missing: " + ", ".join(f"{tool} (Debian: apt install {packages[tool]})" if tool != "cargo"
                                              else f"cargo ({packages[tool]})" for tool in missing))
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise Trouble(f"cores {SERVER_CORE} and {LOAD_CORE} are needed: one for the server, one for the load")


def check_versions():
    service, peers = (dict(re.findall(r'name = "(.+)"\nversion = "(.+)"', lock.read_text()))
                      for lock in (ROOT / "Cargo.lock", PEERS / "Cargo.lock"))
    apart = [name for name in SHARED_CRATES if service.get(name) != peers.get(name)]
    if apart:
        raise Trouble("the peers have other versions than the service; in bench/peers type: " + "; ".join(
            f"cargo update -p {name} --precise {service.get(name)}" for name in apart))


def build():
    for manifest, target, what in ((ROOT, TARGET, ["--bin", "daypass"]), (PEERS, PEER_TARGET, [])):
        command = ["cargo", "build", "--release", "--locked", "--manifest-path", manifest / "Cargo.toml",
                   "--target-dir", target, *what]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            raise Trouble(f"could not build {manifest}")


def peer(name):
    return PEER_TARGET / "release" / name


class Server:
    """A process that tells its address on standard output. `with` stops it whatever happens."""

    def __init__(self, name, command, folder, pinned=True):
        self.name, self.log = name, folder / f"{name}.log"
        pin = ["taskset", "-c", str(SERVER_CORE)] if pinned else []
        self.begun = time.perf_counter()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*pin, *map(str, command)], cwd=folder, env=SETTINGS | {
                "DATABASE_URL": f"sqlite://{folder}/daypass.db?mode=rwc"}, stdout=subprocess.PIPE, stderr=log)
        try:
            self.port = self._address()
        except BaseException:
            self.stop()
            raise

    def _address(self):
        alarm = threading.Timer(START_DEADLINE, self.process.kill)
        alarm.start()
        try:
            for line in self.process.stdout:
                if found := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
                    return int(found[1])
        finally:
            alarm.cancel()
        raise Trouble(f"{self.name} does not start:\n{self.log.read_text()[-2000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(START_DEADLINE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def call(self, method, path, body=None, token=None, expect=(200, 201, 204)):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_DEADLINE)
        headers = {"Content-Type": "application/json"} if body else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, json.dumps(body) if body else None, headers)
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status not in expect:
            raise Trouble(f"{self.name}: {method} {path} answers {reply.status}: {text[:300]}")
        return json.loads(text) if text else None

    def milliseconds_to_ready(self):
        self.call("GET", "/health/ready")
        return (time.perf_counter() - self.begun) * 1000

    def resident_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def _cpu_seconds(self):
        """Of this server, and of everything on the machine but it and the load."""
        ticks = os.sysconf("SC_CLK_TCK")
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        own = (int(fields[11]) + int(fields[12])) / ticks
        loads = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
        total = (user + nice + system + irq + softirq) / ticks
        return own, total - own - loads.ru_utime - loads.ru_stime

    def load(self, path, seconds, token=None, script=None):
        """One closed loop of wrk: requests a second, p99 in ms, and how busy the server's core was; also
        what other programs took of the machine meanwhile, in cores."""
        command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
                   "--timeout", "10s"]
        command += ["-H", f"Authorization: Bearer {token}"] if token else []
        command += ["-s", script] if script else []
        before, begun = self._cpu_seconds(), time.perf_counter()
        done = subprocess.run([*command, self.url(path)], capture_output=True, text=True, timeout=seconds + 30)
        took = time.perf_counter() - begun
        busy, others = ((after - before) / took for after, before in zip(self._cpu_seconds(), before))
        text = done.stdout
        if done.returncode != 0 or "Non-2xx" in text or "Socket errors" in text:
            raise Trouble(f"{self.name}: wrk on {path}:\n{text}{done.stderr}")
        number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
        return {
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
            "p99_ms": float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
            "busy": busy,
            "others": others,
        }


def fill(daypass):
    """Users with items in turn, so that one user's rows lie among the others'. The first one's token and id."""
    people = [daypass.call("POST", "/api/users", {"username": f"user{number}", "password": "correct horse battery"})
              for number in range(USERS)]
    for number in range(ITEMS_EACH):
        for person in people:
            daypass.call("POST", "/api/items", {"name": f"item number {number}"}, person["sessionToken"])
    return people[0]["sessionToken"], people[0]["user"]["id"]


def copy_database(folder, name):
    """A copy for a peer to write to, in a folder of its own."""
    (folder / name).mkdir()
    source, copy = sqlite3.connect(folder / "daypass.db"), sqlite3.connect(folder / name / "daypass.db")
    source.backup(copy)
    copy.close()
    source.close()
    return folder / name / "daypass.db"
