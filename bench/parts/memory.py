"""What a storm of sign-ins takes in memory, against what the start notice says it may take."""

import re
import time

from goals import at_most, must, table
from servers import DAYPASS, UNLIMITED, Server, fill, only, sign_ins, sign_up

THREADS = 2
USERS = CLIENTS = 200
AT_ONCE = 300
IDLE_SECONDS, QUICK_IDLE_SECONDS = 10, 3
STORM_SECONDS, QUICK_STORM_SECONDS = 10, 4
LISTS_SECONDS = 1
AFTER_SECONDS = 10
EXPECTED = (201, 503)
BOUND = re.compile(r"^ *hashing .*at most ([\d,.]+) MiB", re.MULTILINE)


def measure(folder, quick):
    home = folder / "memory"
    home.mkdir()
    how = {"pinned": False, "HASH_THREADS": str(THREADS)} | UNLIMITED
    with Server("daypass", [DAYPASS], home, **how) as server:
        token, _ = fill(server)
        people = sign_up(server, USERS)
    # A process that has never hashed for anyone.
    with Server("daypass", [DAYPASS], home, **how) as server:
        server.milliseconds_to_ready()
        time.sleep(QUICK_IDLE_SECONDS if quick else IDLE_SECONDS)
        idle = server.resident_mib()
        # So that a reader of a missed bound knows what hashing has no part in.
        lists = {"method": "GET", "path": "/api/items", "headers": {"authorization": f"Bearer {token}"},
                 "concurrent": AT_ONCE, "seconds": LISTS_SECONDS}
        only(server.drive(closed=lists, core=None)["closed"], 200)
        lists = server.resident_mib()
        server.forget_peak()
        storm = sign_ins(people, CLIENTS, seconds=QUICK_STORM_SECONDS if quick else STORM_SECONDS)
        storm = only(server.drive(closed=storm, core=None)["closed"], *EXPECTED)
        at_once = server.drive(closed=sign_ins(people, AT_ONCE, attempts=AT_ONCE), core=None)["closed"]
        time.sleep(AFTER_SECONDS)
        after, peak = server.resident_mib(), server.peak_mib()
    said = BOUND.search(server.notice)
    bound = float(said[1].replace(",", "")) if said else None
    return {"idle": idle, "lists": lists, "peak": peak, "after": after, "bound": bound,
            "storm": storm["answers"], "at once": at_once["answers"], "broken": at_once["errors"]}


def goals(figures):
    # The notice speaks of hashing; what as many connections take without any is not its matter.
    bound, growth = figures["bound"], figures["peak"] - figures["lists"]
    others = {status for status in figures["at once"] if status not in ("200", "201", "401", "429", "503")}
    return [
        must("peak - the same connections without hashing <= what the start notice says", bound is not None and growth <= bound,
             f"{growth:.1f} MiB, " + (f"said {bound:g}" if bound is not None else "nothing said")),
        at_most(f"resident {AFTER_SECONDS} s after the storm, {THREADS} threads", [figures["after"]], 40 + 20 * THREADS,
                20 + 20 * THREADS, unit="MiB", digits=1),
        must(f"{AT_ONCE} at once: signed in, or told to come back", not others and not figures["broken"],
             answers(figures["at once"]) + (f", {figures['broken']} broken off" if figures["broken"] else "")),
    ]


def answers(seen):
    return ", ".join(f"{each['count']:,} x {status}" for status, each in seen.items())


def tables(figures):
    return table([f"{CLIENTS} who sign in, deaf to `Retry-After`, and {AT_ONCE} at once", "MiB"], [
        ["resident idle", f"{figures['idle']:.1f}"],
        [f"after lists on {AT_ONCE} connections, nothing hashed", f"{figures['lists']:.1f}"],
        ["at its peak", f"{figures['peak']:.1f}"],
        [f"{AFTER_SECONDS} s after", f"{figures['after']:.1f}"],
    ]) + f"\n\nAnswers of the storm: {answers(figures['storm'])}."
