"""Builds, starts, loads and stops the servers that the benchmarks measure."""

import contextlib
import http.client
import json
import os
import platform
import re
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
# The profile of the release files.
PROFILE = "dist"
BINARIES = TARGET / PROFILE
DAYPASS = BINARIES / "daypass"

SERVER_CORE, LOAD_CORE = 0, 1
# Other programs may use this many cores during a measurement. Smaller values are within the precision of clock ticks.
MAX_OTHER_CORES = 0.2
CONNECTIONS = 64
START_DEADLINE = 15
USERS, ITEMS_EACH = 10, 20
PASSWORD = "correct horse battery"

# A comparison is only valid if both servers use the same versions of these crates.
SHARED_CRATES = ["argon2", "axum", "axum-core", "blake2", "hyper", "hyper-util", "libsqlite3-sys", "serde_json", "sqlx",
                 "sqlx-core", "sqlx-sqlite", "tokio"]

# The complete environment of a server, so the caller's own settings have no effect.
SETTINGS = {
    "PATH": os.environ.get("PATH", ""), "DAYPASS_ENV": "production", "HOST": "127.0.0.1", "PORT": "0",
    "JWT_SECRET": "only-for-the-bench-0123456789abcdef",
}
# The load generator sets the client address of each request, like a proxy.
LIMITED = {"RATE_LIMITS": "on", "TRUSTED_PROXIES": "127.0.0.0/8"}
UNLIMITED = LIMITED | {"RATE_LIMITS": "off"}


class BenchError(Exception):
    """The benchmark cannot measure. This does not mean that a goal was missed."""


def check_tools(**more):
    packages = {"wrk": "wrk", "taskset": "util-linux", "cargo": "rustup (https://rustup.rs)"} | more
    missing = [tool for tool in packages if not shutil.which(tool)]
    if missing:
        raise BenchError("missing: " + ", ".join(f"{tool} (Debian: apt install {packages[tool]})" if tool != "cargo"
                                              else f"cargo ({packages[tool]})" for tool in missing))
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise BenchError(f"cores {SERVER_CORE} and {LOAD_CORE} are needed: one for the server, one for the load")


def check_versions():
    service, peers = (dict(re.findall(r'name = "(.+)"\nversion = "(.+)"', lock.read_text()))
                      for lock in (ROOT / "Cargo.lock", PEERS / "Cargo.lock"))
    different = [name for name in SHARED_CRATES if service.get(name) != peers.get(name)]
    if different:
        raise BenchError("the peers use other versions than the service; run in bench/peers: " + "; ".join(
            f"cargo update -p {name} --precise {service.get(name)}" for name in different))


def build(peers=True):
    service, all_peers = (ROOT, ["--bin", "daypass"]), (PEERS, [])
    for package, options in (service, all_peers) if peers else (service,):
        # One target folder, because Cargo then builds shared dependencies only once.
        command = ["cargo", "build", "--profile", PROFILE, "--locked", "--manifest-path", package / "Cargo.toml",
                   "--target-dir", TARGET, *options]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            raise BenchError(f"could not build {package}")


def peer(name):
    return BINARIES / name


@contextlib.contextmanager
def work_folder():
    """Creates a temporary folder below target. /tmp is often in memory, where a sync to disk costs nothing."""
    TARGET.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=TARGET))
    # The service reads the nearest `.env` above its folder. This empty file hides the developer's own.
    (folder / ".env").touch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine(folder):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    filesystem = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True).stdout.strip()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, files on {filesystem}"


class Server:
    """A server process that prints its address to standard output. Leaving the `with` block stops it.

    `notice` is its standard output. It is complete after `stop`."""

    def __init__(self, name, command, folder, pinned=True, **settings):
        self.name, self.log, self.notice = name, folder / f"{name}.log", ""
        pin = ["taskset", "-c", str(SERVER_CORE)] if pinned else []
        self.started = time.perf_counter()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*pin, *map(str, command)], cwd=folder, stdout=subprocess.PIPE, stderr=log,
                env=SETTINGS | {"DATABASE_URL": f"sqlite://{folder}/daypass.db?mode=rwc"} | settings)
        try:
            self.port = self._read_port()
        except BaseException:
            self.stop()
            raise

    def _read_port(self):
        timer = threading.Timer(START_DEADLINE, self.process.kill)
        timer.start()
        try:
            for line in self.process.stdout:
                self.notice += line.decode()
                if found := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
                    return int(found[1])
        finally:
            timer.cancel()
        raise BenchError(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")

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
            with self.process.stdout as rest:
                self.notice += rest.read().decode()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def exchange(self, method, path, body=None, headers=None):
        """Sends a request. Returns the status, the headers in their order, and the body of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_DEADLINE)
        content_type = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, json.dumps(body) if body else None, content_type | (headers or {}))
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, response.getheaders(), text

    def call(self, method, path, body=None, token=None, expect=(200, 201, 204)):
        status, _, text = self.exchange(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})
        if status not in expect:
            raise BenchError(f"{self.name}: {method} {path} returned {status}: {text[:300]}")
        return json.loads(text) if text else None

    def milliseconds_to_ready(self):
        self.call("GET", "/health/ready")
        return (time.perf_counter() - self.started) * 1000

    def resident_mib(self):
        return self._mib("VmRSS")

    def peak_mib(self):
        """Returns the maximum resident memory since `reset_peak`, as recorded by the kernel."""
        return self._mib("VmHWM")

    def reset_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _mib(self, field):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024

    def _cpu_seconds(self):
        """Returns the CPU time of this server, and of all programs except this server and the load generator."""
        ticks = os.sysconf("SC_CLK_TCK")
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        own = (int(fields[11]) + int(fields[12])) / ticks
        load = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
        total = (user + nice + system + irq + softirq) / ticks
        return own, total - own - load.ru_utime - load.ru_stime

    def cpu_snapshot(self):
        return time.perf_counter(), self._cpu_seconds()

    def cores_since(self, snapshot):
        """Returns how many cores this server and other programs used on average since the snapshot."""
        started, before = snapshot
        elapsed = time.perf_counter() - started
        return [(after - earlier) / elapsed for after, earlier in zip(self._cpu_seconds(), before)]

    def run_wrk(self, path, seconds, token=None, script=None, arguments=()):
        """Runs wrk, a closed loop. Returns requests per second, p99 in ms, and the cores that were used."""
        command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
                   "--timeout", "10s"]
        command += ["-H", f"Authorization: Bearer {token}"] if token else []
        command += ["-s", script] if script else []
        snapshot = self.cpu_snapshot()
        command += [self.url(path), "--", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
        server_cores, other_cores = self.cores_since(snapshot)
        text = done.stdout
        if done.returncode != 0 or "Non-2xx" in text or "Socket errors" in text:
            raise BenchError(f"{self.name}: wrk on {path}:\n{text}{done.stderr}")
        number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
        return {
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
            "p99_ms": float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
            "server_cores": server_cores,
            "other_cores": other_cores,
        }

    def run_load(self, open=None, closed=None, lead=0, core=LOAD_CORE):
        """Runs the load generator of `peers/` with this plan. If `core` is None, it runs on any core."""
        plan = {"address": f"127.0.0.1:{self.port}", "lead_seconds": lead, "open": open, "closed": closed}
        pin = [] if core is None else ["taskset", "-c", str(core)]
        done = subprocess.run([*pin, peer("storm")], input=json.dumps(plan), capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError(f"{self.name}: the load generator failed: {done.stderr}")
        return json.loads(done.stdout)


def require_statuses(loop, *statuses):
    """Returns this result of `run_load` if all its responses have one of these statuses."""
    unexpected = {status: times["count"] for status, times in loop["responses"].items() if int(status) not in statuses}
    if unexpected or loop["errors"]:
        raise BenchError(f"unexpected statuses: {unexpected}, "
                         f"failed requests: {loop['errors']} ({loop['first_error']})")
    return loop


def count_status(loop, status):
    return loop["responses"].get(str(status), {"count": 0})["count"]


def sign_up(daypass, number):
    """Creates users. Returns their names."""
    names = [f"person{each}" for each in range(number)]
    bodies = [{"body": json.dumps({"username": name, "password": PASSWORD})} for name in names]
    require_statuses(daypass.run_load(closed=post_loop("/api/users", bodies, clients=8))["closed"], 201)
    return names


def sign_in_loop(names, clients, requests=10_000, **options):
    """Describes sign-ins of these users in turn, with correct passwords.

    The service treats sign-ins from one address as one client. So each request has its own address, and by default
    there are more requests than clients that wait at the same time."""
    return post_loop("/api/sessions", [sign_in_request(names[number % len(names)], PASSWORD, number)
                                       for number in range(requests)], clients=clients, **options)


def sign_in_request(name, password, number, network=10):
    return {"headers": {"x-forwarded-for": client_address(number, network)},
            "body": json.dumps({"username": name, "password": password})}


def client_address(number, network=10):
    """Returns a different address for each number. Consecutive numbers are in different subnets."""
    scattered = number * 0x9E3779 & 0xFFFFFF
    return f"{network}.{scattered >> 16}.{scattered >> 8 & 255}.{scattered & 255}"


def post_loop(path, requests, **options):
    """Describes a closed loop of `run_load`."""
    headers = {"content-type": "application/json"}
    return {"method": "POST", "path": path, "headers": headers, "requests": requests} | options


def fill(daypass):
    """Creates users and their items. Returns the token and the id of the first user.

    The users create items in turn, so the rows of one user are spread over the table."""
    users = [daypass.call("POST", "/api/users", {"username": f"user{number}", "password": PASSWORD})
             for number in range(USERS)]
    for number in range(ITEMS_EACH):
        for user in users:
            daypass.call("POST", "/api/items", {"name": f"item number {number}"}, user["sessionToken"])
    return users[0]["sessionToken"], users[0]["user"]["id"]


def copy_database(folder, name):
    """Copies the database into a subfolder, for a server that writes to it."""
    (folder / name).mkdir()
    source, copy = sqlite3.connect(folder / "daypass.db"), sqlite3.connect(folder / name / "daypass.db")
    source.backup(copy)
    copy.close()
    source.close()
    return folder / name / "daypass.db"
