"""Compares the memory that hashing uses under many sign-ins with the limit that the service prints at its start."""

import re
import time

from goals import at_most, passed, table
from servers import DAYPASS, UNLIMITED, Server, fill, require_statuses, sign_in_loop, sign_up

THREADS = 2
USERS = CLIENTS = 200
PARALLEL = 300
IDLE_SECONDS, QUICK_IDLE_SECONDS = 10, 3
SIGN_IN_SECONDS, QUICK_SIGN_IN_SECONDS = 10, 4
LISTS_SECONDS = 1
AFTER_SECONDS = 10
EXPECTED = (201, 503)
LIMIT = re.compile(r"^ *hashing .*at most ([\d,.]+) MiB", re.MULTILINE)


def measure(folder, quick):
    home = folder / "memory"
    home.mkdir()
    options = {"pinned": False, "HASH_THREADS": str(THREADS)} | UNLIMITED
    with Server("daypass", [DAYPASS], home, **options) as server:
        token, _ = fill(server)
        users = sign_up(server, USERS)
    # A new process, because the first one has already hashed passwords.
    with Server("daypass", [DAYPASS], home, **options) as server:
        server.milliseconds_to_ready()
        time.sleep(QUICK_IDLE_SECONDS if quick else IDLE_SECONDS)
        idle = server.resident_mib()
        # The memory for the connections, without hashing.
        lists = {"method": "GET", "path": "/api/items", "headers": {"authorization": f"Bearer {token}"},
                 "clients": PARALLEL, "seconds": LISTS_SECONDS}
        require_statuses(server.run_load(closed=lists, core=None)["closed"], 200)
        connections = server.resident_mib()
        server.reset_peak()
        loop = sign_in_loop(users, CLIENTS, seconds=QUICK_SIGN_IN_SECONDS if quick else SIGN_IN_SECONDS)
        repeated = require_statuses(server.run_load(closed=loop, core=None)["closed"], *EXPECTED)
        parallel = server.run_load(closed=sign_in_loop(users, PARALLEL, requests=PARALLEL), core=None)["closed"]
        time.sleep(AFTER_SECONDS)
        after, peak = server.resident_mib(), server.peak_mib()
    found = LIMIT.search(server.notice)
    limit = float(found[1].replace(",", "")) if found else None
    return {"idle": idle, "connections": connections, "peak": peak, "after": after, "limit": limit,
            "repeated": repeated["responses"], "parallel": parallel["responses"], "errors": parallel["errors"]}


def goals(results):
    limit, growth = results["limit"], results["peak"] - results["connections"]
    unexpected = {status for status in results["parallel"] if status not in ("200", "201", "401", "429", "503")}
    return [
        passed("memory used for hashing <= limit printed at the start", limit is not None and growth <= limit,
               f"{growth:.1f} MiB, " + (f"limit {limit:g} MiB" if limit is not None else "no limit printed")),
        at_most(f"resident memory {AFTER_SECONDS} s after the sign-ins, {THREADS} hash threads", [results["after"]],
                40 + 20 * THREADS, 20 + 20 * THREADS, unit="MiB", digits=1),
        passed(f"{PARALLEL} parallel sign-ins: no unexpected status", not unexpected and not results["errors"],
               summary(results["parallel"]) + (f", {results['errors']} failed" if results["errors"] else "")),
    ]


def summary(responses):
    return ", ".join(f"{each['count']:,} x {status}" for status, each in responses.items())


def tables(results):
    title = f"{CLIENTS} clients that ignore `Retry-After`, then {PARALLEL} parallel sign-ins"
    return table([title, "resident MiB"], [
        ["idle", f"{results['idle']:.1f}"],
        [f"after lists on {PARALLEL} connections, without hashing", f"{results['connections']:.1f}"],
        ["peak", f"{results['peak']:.1f}"],
        [f"{AFTER_SECONDS} s after", f"{results['after']:.1f}"],
    ]) + f"\n\nResponses to the {CLIENTS} clients: {summary(results['repeated'])}."
