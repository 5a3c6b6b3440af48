"""Measures how sign-ins affect other requests, and how other requests affect sign-ins.

Requests for lists arrive at fixed times, without and with sign-ins, in one server process. Two further measurements
compare the sign-ins per second with the hashes per second of the argon2 crate, and with the sign-ins per second while
requests for lists saturate the core.
"""

import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from databases import database, sql
from goals import at_least, at_most, table
from servers import (DAYPASS, LOAD_CORE, MAX_OTHER_CORES, SERVER_CORE, UNLIMITED, BenchError, Server, count_status,
                     fill, peer, require_statuses, sign_in_loop, sign_up)

READ = "/api/items?limit=20"
USERS = 200
LEAD_SECONDS = 0.5
# After each turn, the database needs some time to write the rest of its log.
REST_SECONDS = 0.3
# Reads per second for each number of server cores. With two cores, the load generator shares them.
PER_SECOND = {1: 1000, 2: 100}
READS, QUICK_READS = {1: 3000, 2: 3000}, {1: 1000, 2: 200}
# The p99 of a single turn depends on what else the machine does, so it needs more rounds than a rate.
TURN_ROUNDS, ROUNDS = 7, 3
RATE_SECONDS, QUICK_RATE_SECONDS = 3, 1.5
# Number of server cores, and database.
CASES = [(1, "SQLite"), (1, "PostgreSQL"), (2, "SQLite"), (2, "PostgreSQL")]
QUICK_CASES = [(1, "SQLite"), (1, "PostgreSQL")]
# If the load generator is later than this, its own delay distorts the response times.
LATE_MS = 0.5

QUIET, EIGHT, MANY, IGNORING = "quiet", "8", "200", "200, ignoring `Retry-After`"
# The number of clients that sign in, and whether they obey `Retry-After`.
SIGN_IN_CLIENTS = {EIGHT: (8, True), MANY: (200, True), IGNORING: (200, False)}
# Clients that ignore `Retry-After` send as many requests as one core can reject, so this mode has no floor.
MODES_WITH_FLOOR = (EIGHT, MANY)


def turn(server, token, users, mode, cores, reads):
    """Measures the reads and the sign-ins of one turn."""
    open_loop = {"method": "GET", "path": READ, "headers": {"authorization": f"Bearer {token}"},
                 "per_second": PER_SECOND[cores], "count": reads}
    closed_loop = None
    if mode != QUIET:
        clients, obey = SIGN_IN_CLIENTS[mode]
        closed_loop = sign_in_loop(users, clients, obey_retry_after=obey)
    result = server.run_load(open_loop, closed_loop, LEAD_SECONDS if closed_loop else 0,
                             LOAD_CORE if cores == 1 else None)
    time.sleep(REST_SECONDS)
    lists = require_statuses(result["open"], 200)["responses"]["200"]
    figures = {"p50_ms": lists["p50_ms"], "p99_ms": lists["p99_ms"], "late_ms": result["late_p99_ms"]}
    if closed_loop:
        sign_ins = require_statuses(result["closed"], 201, 503)
        busy = sign_ins["responses"].get("503", {})
        figures |= {"sign_ins": count_status(sign_ins, 201) / sign_ins["seconds"],
                    "busy": count_status(sign_ins, 503) / sign_ins["seconds"],
                    "busy_p50_ms": busy.get("p50_ms"), "busy_p99_ms": busy.get("p99_ms")}
    return figures


def turns(server, token, users, modes, cores, reads):
    """Measures each mode in each round. Each round starts with another mode."""
    results = {mode: [] for mode in modes}
    for number in range(TURN_ROUNDS):
        first = number % len(modes)
        for mode in modes[first:] + modes[:first]:
            results[mode].append(turn(server, token, users, mode, cores, reads))
    return results


def sign_in_rate(server, users, seconds, core):
    loop = sign_in_loop(users, 8, seconds=seconds, obey_retry_after=True)
    result = require_statuses(server.run_load(closed=loop, lead=LEAD_SECONDS, core=core)["closed"], 201, 503)
    return count_status(result, 201) / result["seconds"]


def crate_rate(cores, seconds):
    """Returns the hashes per second of the argon2 crate alone."""
    pin = ["taskset", "-c", str(SERVER_CORE)] if cores == 1 else []
    done = subprocess.run([*pin, peer("argon2_alone"), str(cores), str(seconds)], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"argon2_alone: {done.stderr}")
    return float(done.stdout)


def compare_with_crate(server, users, cores, seconds):
    results = {"service": [], "crate": []}
    for number in range(ROUNDS):
        for name in ("service", "crate") if number % 2 else ("crate", "service"):
            results[name].append(sign_in_rate(server, users, seconds, LOAD_CORE if cores == 1 else None)
                                 if name == "service" else crate_rate(cores, seconds))
    return results


def saturated(server, token, users, seconds):
    """Measures sign-ins per second on a quiet server, and while a closed loop of reads saturates the core."""
    results = {"quiet": [], "saturated": [], "reads": [], "server_cores": []}
    for _ in range(ROUNDS):
        results["quiet"].append(sign_in_rate(server, users, seconds, LOAD_CORE))
        with ThreadPoolExecutor(1) as executor:
            # wrk takes whole seconds. It must run longer than the sign-ins.
            reads = executor.submit(server.run_wrk, READ, int(seconds + 2 * LEAD_SECONDS + 1), token)
            time.sleep(LEAD_SECONDS)
            results["saturated"].append(sign_in_rate(server, users, seconds, LOAD_CORE))
            results["reads"].append(reads.result()["rate"])
            results["server_cores"].append(reads.result()["server_cores"])
    return results


def measure(folder, quick):
    sql("SELECT 1")
    reads, seconds = (QUICK_READS, QUICK_RATE_SECONDS) if quick else (READS, RATE_SECONDS)
    results = {"turns": [], "crate": {}, "reads": reads}
    for cores, kind in QUICK_CASES if quick else CASES:
        home = folder / f"sign-ins-{kind}-{cores}"
        home.mkdir()
        with (database(kind, home) as url,
              Server("daypass", [DAYPASS], home, pinned=cores == 1, DATABASE_URL=url, HASH_THREADS=str(cores),
                     **UNLIMITED) as server):
            snapshot = server.cpu_snapshot()
            token, _ = fill(server)
            users = sign_up(server, USERS)
            # This mode does not depend on the database. With two cores, its clients would delay the load generator.
            ignoring = not quick and (cores, kind) == (1, "SQLite")
            modes = [QUIET, EIGHT, MANY, *([IGNORING] if ignoring else [])]
            rounds = turns(server, token, users, modes, cores, reads[cores])
            if kind == "SQLite":
                results["crate"][cores] = compare_with_crate(server, users, cores, seconds)
            if (cores, kind) == (1, "SQLite"):
                results["saturated"] = saturated(server, token, users, seconds)
            # PostgreSQL would count as another program.
            other_cores = server.cores_since(snapshot)[1] if kind == "SQLite" else 0
            results["turns"].append({"cores": cores, "database": kind, "modes": rounds, "other_cores": other_cores})
    return results


def ratios(numerators, denominators):
    return [a / b for a, b in zip(numerators, denominators)]


def p99s(rounds):
    return [each["p99_ms"] for each in rounds]


def p99_ratios(modes, mode):
    return ratios(p99s(modes[mode]), p99s(modes[QUIET]))


def lower_quartile(rounds):
    """Returns the lower quartile of the p99 of all rounds.

    Other programs can only increase a p99, and usually not in all rounds. A slow service increases it in all rounds."""
    return statistics.quantiles(p99s(rounds), n=4)[0]


def case_title(case):
    return f"{case['database']}, {case['cores']} core{'s' if case['cores'] > 1 else ''}"


def threads(number):
    return f"{number} hash thread{'s' if number > 1 else ''}"


def goals(results):
    cases, rates = results["turns"], results["saturated"]
    # With two cores, the load generator also waits for a core. A scheduler tick of 4 ms is much longer than a read, so
    # these results have no floor.
    checks = [at_most(f"p99 of lists with {mode} parallel sign-ins / quiet, {case_title(case)}",
                      p99_ratios(case["modes"], mode), 4, 1.5,
                      value=lower_quartile(case["modes"][mode]) / lower_quartile(case["modes"][QUIET]))
              for case in cases if case["cores"] == 1 for mode in MODES_WITH_FLOOR]
    for case in cases:
        if busy := [each["busy_p99_ms"] for each in case["modes"][MANY] if each["busy_p99_ms"] is not None]:
            checks.append(at_most(f"p99 response time of a 503 with {MANY} parallel sign-ins, {case_title(case)}", busy,
                                  target=5, unit="ms"))
    checks += [at_least(f"sign-ins/s / hashes/s of the argon2 crate, {threads(cores)}",
                        ratios(each["service"], each["crate"]), 0.80, 0.90) for cores, each in results["crate"].items()]
    return checks + [at_least("sign-ins/s while lists saturate the core / quiet",
                              ratios(rates["saturated"], rates["quiet"]), 0.1)]


def tables(results):
    reads, rates = results["reads"], {key: statistics.median(each) for key, each in results["saturated"].items()}
    rows = [row(case, mode) for case in results["turns"] for mode in case["modes"]]
    crate_rows = [[f"8 parallel sign-ins, {threads(cores)}",
                   *(f"{statistics.median(each[name]):.1f}" for name in ("service", "crate"))]
                  for cores, each in results["crate"].items()]
    return "\n\n".join([
        f"Lists of 20 items in an open loop: {PER_SECOND[1]:,} per second on one core and {PER_SECOND[2]:,} on two, "
        f"{reads[1]:,} and {reads[2]:,} in each of {TURN_ROUNDS} rounds. Medians of the rounds.",
        table(["server", "parallel sign-ins", "list p50 ms", "list p99 ms", "p99 / quiet", "sign-ins/s", "503/s",
               "503 p50 ms", "503 p99 ms", "sent late, p99 ms"], rows),
        *warnings(results["turns"]),
        table(["SQLite", "sign-ins/s", "hashes/s of the argon2 crate"], crate_rows),
        f"Sign-ins per second with {rates['reads']:,.0f} lists per second on the same core "
        f"({rates['server_cores']:.0%} busy): {rates['saturated']:.1f}. Without lists: {rates['quiet']:.1f}.",
    ])


def row(case, mode):
    modes = case["modes"]

    def median(key, digits):
        values = [each[key] for each in modes[mode] if each.get(key) is not None]
        return f"{statistics.median(values):,.{digits}f}" if values else ""

    ratio = "" if mode == QUIET else f"{statistics.median(p99_ratios(modes, mode)):.2f}"
    return [case_title(case), mode, median("p50_ms", 2), median("p99_ms", 2), ratio, median("sign_ins", 1),
            median("busy", 0), median("busy_p50_ms", 2), median("busy_p99_ms", 2), median("late_ms", 2)]


def warnings(cases):
    messages = []
    for case in cases:
        late = max(each["late_ms"] for each in case["modes"][QUIET])
        if late > LATE_MS:
            messages.append(f"{case_title(case)}: without sign-ins, the load generator was up to {late:.2f} ms late")
        if case["other_cores"] > MAX_OTHER_CORES:
            messages.append(f"{case_title(case)}: other programs used {case['other_cores']:.1f} cores")
    return [f"**Warning**: {'; '.join(messages)}. Measure again on a quiet machine."] if messages else []
