"""The servers under measurement: built, started, filled with rows, loaded, and stopped for certain."""

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
DAYPASS = TARGET / "release" / "daypass"

SERVER_CORE, LOAD_CORE = 0, 1
# Cores that other programs may take during a load; less than this is the error of counting ticks.
DISTURBED = 0.2
CONNECTIONS = 64
START_DEADLINE = 15
USERS, ITEMS_EACH = 10, 20
PASSWORD = "correct horse battery"

# A ratio between different versions would say nothing.
SHARED_CRATES = ["argon2", "axum", "axum-core", "blake2", "hyper", "hyper-util", "libsqlite3-sys", "serde_json", "sqlx",
                 "sqlx-core", "sqlx-sqlite", "tokio"]

# Nothing of the caller's own settings reaches the service; production is what is worth measuring.
SETTINGS = {
    "PATH": os.environ.get("PATH", ""), "DAYPASS_ENV": "production", "HOST": "127.0.0.1", "PORT": "0",
    "JWT_SECRET": "only-for-the-bench-0123456789abcdef",
}
# The load may say whose address each request has, as a proxy would.
LIMITED = {"RATE_LIMITS": "on", "TRUSTED_PROXIES": "127.0.0.0/8"}
UNLIMITED = LIMITED | {"RATE_LIMITS": "off"}


class Trouble(Exception):
    """The measuring itself cannot go on."""


def check_tools(**more):
    packages = {"wrk": "wrk", "taskset": "util-linux", "cargo": "rustup (https://rustup.rs)"} | more
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


def build(peers=True):
    # In one folder, so that the crates that both need in the same form are built once.
    service, all_peers = (ROOT, ["--bin", "daypass"]), (PEERS, [])
    for manifest, what in (service, all_peers) if peers else (service,):
        command = ["cargo", "build", "--release", "--locked", "--manifest-path", manifest / "Cargo.toml",
                   "--target-dir", TARGET, *what]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            raise Trouble(f"could not build {manifest}")


def peer(name):
    return TARGET / "release" / name


@contextlib.contextmanager
def work_folder():
    """Under target and not in /tmp, which is often memory, where a sync to disk costs nothing."""
    TARGET.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=TARGET))
    # The service reads the nearest `.env` above it; this one keeps it from finding the developer's.
    (folder / ".env").touch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine(folder):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True).stdout.strip()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, files on {kind}"


class Server:
    """A process that tells its address on standard output. `with` stops it whatever happens.

    What else it tells there is `notice`, complete once it has stopped."""

    def __init__(self, name, command, folder, pinned=True, **settings):
        self.name, self.log, self.notice = name, folder / f"{name}.log", ""
        pin = ["taskset", "-c", str(SERVER_CORE)] if pinned else []
        self.begun = time.perf_counter()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*pin, *map(str, command)], cwd=folder, stdout=subprocess.PIPE, stderr=log,
                env=SETTINGS | {"DATABASE_URL": f"sqlite://{folder}/daypass.db?mode=rwc"} | settings)
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
                self.notice += line.decode()
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
            with self.process.stdout as rest:
                self.notice += rest.read().decode()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def exchange(self, method, path, body=None, headers=None):
        """Status, headers in their order, and body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_DEADLINE)
        kind = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, json.dumps(body) if body else None, kind | (headers or {}))
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        return reply.status, reply.getheaders(), text

    def call(self, method, path, body=None, token=None, expect=(200, 201, 204)):
        status, _, text = self.exchange(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})
        if status not in expect:
            raise Trouble(f"{self.name}: {method} {path} answers {status}: {text[:300]}")
        return json.loads(text) if text else None

    def milliseconds_to_ready(self):
        self.call("GET", "/health/ready")
        return (time.perf_counter() - self.begun) * 1000

    def resident_mib(self):
        return self._mib("VmRSS")

    def peak_mib(self):
        """The most that was resident since `forget_peak`: counted by the kernel, so no moment is missed."""
        return self._mib("VmHWM")

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _mib(self, field):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024

    def _cpu_seconds(self):
        """Of this server, and of everything on the machine but it and the load."""
        ticks = os.sysconf("SC_CLK_TCK")
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        own = (int(fields[11]) + int(fields[12])) / ticks
        loads = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
        total = (user + nice + system + irq + softirq) / ticks
        return own, total - own - loads.ru_utime - loads.ru_stime

    def mark(self):
        return time.perf_counter(), self._cpu_seconds()

    def since(self, mark):
        """How many cores this server took since then, and what other programs took of the machine."""
        begun, before = mark
        took = time.perf_counter() - begun
        return [(after - earlier) / took for after, earlier in zip(self._cpu_seconds(), before)]

    def load(self, path, seconds, token=None, script=None, arguments=()):
        """One closed loop of wrk: requests a second, p99 in ms, and how busy the server's core was; also
        what other programs took of the machine meanwhile, in cores."""
        command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
                   "--timeout", "10s"]
        command += ["-H", f"Authorization: Bearer {token}"] if token else []
        command += ["-s", script] if script else []
        mark = self.mark()
        command += [self.url(path), "--", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
        busy, others = self.since(mark)
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

    def drive(self, open=None, closed=None, lead=0, core=LOAD_CORE):
        """The load generator of `peers/` with this plan; `core` is None where it may run anywhere."""
        plan = {"address": f"127.0.0.1:{self.port}", "lead_seconds": lead, "open": open, "closed": closed}
        pin = [] if core is None else ["taskset", "-c", str(core)]
        done = subprocess.run([*pin, peer("storm")], input=json.dumps(plan), capture_output=True, text=True)
        if done.returncode != 0:
            raise Trouble(f"{self.name}: the load generator failed: {done.stderr}")
        return json.loads(done.stdout)


def only(loop, *statuses):
    """The loop of a `drive`, if nothing but these statuses came back."""
    others = {status: answers["count"] for status, answers in loop["answers"].items() if int(status) not in statuses}
    if others or loop["errors"]:
        raise Trouble(f"answers that should not come: {others}, broken connections: {loop['errors']} ({loop['error']})")
    return loop


def count(loop, status):
    return loop["answers"].get(str(status), {"count": 0})["count"]


def sign_up(daypass, number):
    """Users by the names of `person0` and so on."""
    names = [f"person{each}" for each in range(number)]
    bodies = [{"body": json.dumps({"username": name, "password": PASSWORD})} for name in names]
    only(daypass.drive(closed=posts("/api/users", bodies, concurrent=8))["closed"], 201)
    return names


def sign_ins(names, concurrent, attempts=10_000, **how):
    """Right passwords, of one user after the other. By default more attempts, each at an address of its own, than
    wait at any time: two at one address would be taken for one client that is in a hurry."""
    requests = [attempt(names[number % len(names)], PASSWORD, number) for number in range(attempts)]
    return posts("/api/sessions", requests, concurrent=concurrent, **how)


def attempt(name, password, number, network=10):
    return {"headers": {"x-forwarded-for": address(number, network)},
            "body": json.dumps({"username": name, "password": password})}


def address(number, network=10):
    """A different one for each number; far apart, should neighbours share something."""
    scattered = number * 0x9E3779 & 0xFFFFFF
    return f"{network}.{scattered >> 16}.{scattered >> 8 & 255}.{scattered & 255}"


def posts(path, requests, **how):
    return {"method": "POST", "path": path, "headers": {"content-type": "application/json"}, "requests": requests} | how


def fill(daypass):
    """Users with items in turn, so that one user's rows lie among the others'. The first one's token and id."""
    people = [daypass.call("POST", "/api/users", {"username": f"user{number}", "password": PASSWORD})
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
