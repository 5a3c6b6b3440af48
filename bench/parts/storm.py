"""What sign-ins do to those already in, and what those do to sign-ins.

Lists of a user's items at fixed times, quiet and while others sign in, turn by turn in one server process;
then the most sign-ins a second beside what the argon2 crate alone gives on the same cores, and what is left
of them when reads take all they can get.
"""

import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from databases import database, sql
from goals import at_least, at_most, table
from servers import (DAYPASS, DISTURBED, LOAD_CORE, SERVER_CORE, UNLIMITED, Server, Trouble, count, fill, only, peer,
                     sign_ins, sign_up)

READ = "/api/items?limit=20"
USERS = 200
LEAD_SECONDS = 0.5
# Before the next turn, so that what a storm left in the database's log is written by then.
REST_SECONDS = 0.3
# Reads a second with the server on so many cores; on two, the load shares them.
PER_SECOND = {1: 1000, 2: 100}
READS, QUICK_READS = {1: 3000, 2: 3000}, {1: 1000, 2: 200}
# Of a turn, for a hiccup of the machine spoils its p99; and of what is averaged over seconds.
TURN_ROUNDS, ROUNDS = 7, 3
RATE_SECONDS, QUICK_RATE_SECONDS = 3, 1.5
# Cores and database.
CASES = [(1, "SQLite"), (1, "PostgreSQL"), (2, "SQLite"), (2, "PostgreSQL")]
QUICK_CASES = [(1, "SQLite"), (1, "PostgreSQL")]
# A generator that sends later than this has measured itself.
LATE_MS = 0.5

QUIET, EIGHT, MANY, DEAF = "quiet", "8", "200", "200, deaf to `Retry-After`"
# How many sign in at once, and whether they come back when they are told to.
STORMS = {EIGHT: (8, True), MANY: (200, True), DEAF: (200, False)}
# The deaf ones are as many requests as one core can refuse: a figure to know, not one to promise.
JUDGED = (EIGHT, MANY)


def turn(server, token, people, storm, cores, reads):
    """The reads of one turn, and the sign-ins beside them."""
    ask = {"method": "GET", "path": READ, "headers": {"authorization": f"Bearer {token}"},
           "per_second": PER_SECOND[cores], "count": reads}
    closed = None
    if storm != QUIET:
        concurrent, patient = STORMS[storm]
        closed = sign_ins(people, concurrent, patient=patient)
    seen = server.drive(ask, closed, LEAD_SECONDS if closed else 0, LOAD_CORE if cores == 1 else None)
    time.sleep(REST_SECONDS)
    lists = only(seen["open"], 200)["answers"]["200"]
    result = {"p50_ms": lists["p50_ms"], "p99_ms": lists["p99_ms"], "late_ms": seen["late_p99_ms"]}
    if closed:
        beside = only(seen["closed"], 201, 503)
        shed = beside["answers"].get("503", {})
        result |= {"sign_ins": count(beside, 201) / beside["seconds"], "shed": count(beside, 503) / beside["seconds"],
                   "shed_p50_ms": shed.get("p50_ms"), "shed_p99_ms": shed.get("p99_ms")}
    return result


def turns(server, token, people, modes, cores, reads):
    """Each mode in each round, every round beginning with the next one."""
    results = {mode: [] for mode in modes}
    for number in range(TURN_ROUNDS):
        first = number % len(modes)
        for mode in modes[first:] + modes[:first]:
            results[mode].append(turn(server, token, people, mode, cores, reads))
    return results


def rate(server, people, seconds, core):
    storm = sign_ins(people, 8, seconds=seconds, patient=True)
    loop = only(server.drive(closed=storm, lead=LEAD_SECONDS, core=core)["closed"], 201, 503)
    return count(loop, 201) / loop["seconds"]


def alone(cores, seconds):
    pin = ["taskset", "-c", str(SERVER_CORE)] if cores == 1 else []
    done = subprocess.run([*pin, peer("argon2_alone"), str(cores), str(seconds)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"argon2_alone: {done.stderr}")
    return float(done.stdout)


def beside_the_crate(server, people, cores, seconds):
    results = {"service": [], "crate": []}
    for number in range(ROUNDS):
        for which in ("service", "crate") if number % 2 else ("crate", "service"):
            results[which].append(rate(server, people, seconds, LOAD_CORE if cores == 1 else None)
                                  if which == "service" else alone(cores, seconds))
    return results


def saturated(server, token, people, seconds):
    """Sign-ins a second with and without a closed loop of reads that takes the rest of the core."""
    results = {"quiet": [], "saturated": [], "reads": [], "busy": []}
    for _ in range(ROUNDS):
        results["quiet"].append(rate(server, people, seconds, LOAD_CORE))
        with ThreadPoolExecutor(1) as aside:
            # Whole seconds, the load's own unit, around all that counts.
            load = aside.submit(server.load, READ, int(seconds + 2 * LEAD_SECONDS + 1), token)
            time.sleep(LEAD_SECONDS)
            results["saturated"].append(rate(server, people, seconds, LOAD_CORE))
            results["reads"].append(load.result()["rate"])
            results["busy"].append(load.result()["busy"])
    return results


def measure(folder, quick):
    sql("SELECT 1")
    reads, seconds = (QUICK_READS, QUICK_RATE_SECONDS) if quick else (READS, RATE_SECONDS)
    figures = {"turns": [], "beside the crate": {}, "reads": reads}
    for cores, kind in QUICK_CASES if quick else CASES:
        home = folder / f"storm-{kind}-{cores}"
        home.mkdir()
        with (database(kind, home) as url,
              Server("daypass", [DAYPASS], home, pinned=cores == 1, DATABASE_URL=url, HASH_THREADS=str(cores),
                     **UNLIMITED) as server):
            mark = server.mark()
            token, _ = fill(server)
            people = sign_up(server, USERS)
            # The deaf are a question to the service alone, and on two cores they would compete with the generator.
            deaf = not quick and (cores, kind) == (1, "SQLite")
            modes = [QUIET, EIGHT, MANY, *([DEAF] if deaf else [])]
            results = turns(server, token, people, modes, cores, reads[cores])
            if kind == "SQLite":
                figures["beside the crate"][cores] = beside_the_crate(server, people, cores, seconds)
            if (cores, kind) == (1, "SQLite"):
                figures["saturated"] = saturated(server, token, people, seconds)
            # PostgreSQL works for the server, but counts as another program.
            others = server.since(mark)[1] if kind == "SQLite" else 0
            figures["turns"].append({"cores": cores, "database": kind, "modes": results, "others": others})
    return figures


def ratios(above, below):
    return [a / b for a, b in zip(above, below)]


def slowing(modes, storm):
    return ratios([each["p99_ms"] for each in modes[storm]], [each["p99_ms"] for each in modes[QUIET]])


def undisturbed(modes, mode):
    """The lower quartile of the rounds' p99s: what else goes on in a machine only ever adds to them, and a service that
    keeps its readers waiting does so in each."""
    return statistics.quantiles([each["p99_ms"] for each in modes[mode]], n=4)[0]


def where(case):
    return f"{case['database']}, {case['cores']} core{'s' if case['cores'] > 1 else ''}"


def threads(number):
    return f"{number} thread{'s' if number > 1 else ''}"


def goals(figures):
    cases, loads = figures["turns"], figures["saturated"]
    # On two cores the load waits for a core like everybody else, and a tick of the kernel, 4 ms, is several times what
    # a quiet read takes: figures to know.
    results = [at_most(f"p99 of reads, storm of {storm} / quiet, {where(case)}", slowing(case["modes"], storm), 4, 1.5,
                       value=undisturbed(case["modes"], storm) / undisturbed(case["modes"], QUIET))
               for case in cases if case["cores"] == 1 for storm in JUDGED]
    for case in cases:
        if shed := [each["shed_p99_ms"] for each in case["modes"][MANY] if each["shed_p99_ms"] is not None]:
            results.append(at_most(f"p99 of being turned away, {MANY}, {where(case)}", shed, target=5, unit="ms"))
    results += [at_least(f"sign-ins/s / argon2 crate, {threads(cores)}", ratios(rates["service"], rates["crate"]),
                         0.80, 0.90) for cores, rates in figures["beside the crate"].items()]
    return results + [at_least("sign-ins/s, core saturated with reads / quiet",
                               ratios(loads["saturated"], loads["quiet"]), 0.1)]


def tables(figures):
    reads, loads = figures["reads"], {key: statistics.median(values) for key, values in figures["saturated"].items()}
    rows = [row(case, mode) for case in figures["turns"] for mode in case["modes"]]
    rates = [[f"8 sign in, {threads(cores)}", *(f"{statistics.median(each[who]):.1f}" for who in ("service", "crate"))]
             for cores, each in figures["beside the crate"].items()]
    return "\n\n".join([
        f"Lists of 20 items in an open loop, {PER_SECOND[1]:,} a second on one core and {PER_SECOND[2]:,} on two, "
        f"{reads[1]:,} and {reads[2]:,} of them in each of {TURN_ROUNDS} rounds; medians of the rounds.",
        table(["server", "sign in at once", "read p50 ms", "read p99 ms", "of quiet", "sign-ins/s", "503/s",
               "503 p50 ms", "503 p99 ms", "sent late, p99 ms"], rows),
        *disturbed(figures["turns"]),
        table(["sign-ins/s on SQLite", "service", "argon2 crate alone"], rates),
        f"With {loads['reads']:,.0f} lists a second on the same core ({loads['busy']:.0%} busy) there are "
        f"{loads['saturated']:.1f} sign-ins a second, without them {loads['quiet']:.1f}.",
    ])


def row(case, mode):
    rounds, modes = case["modes"][mode], case["modes"]

    def middle(key, digits):
        values = [each[key] for each in rounds if each.get(key) is not None]
        return f"{statistics.median(values):,.{digits}f}" if values else ""

    ratio = "" if mode == QUIET else f"{statistics.median(slowing(modes, mode)):.2f}"
    return [where(case), mode, middle("p50_ms", 2), middle("p99_ms", 2), ratio, middle("sign_ins", 1),
            middle("shed", 0), middle("shed_p50_ms", 2), middle("shed_p99_ms", 2), middle("late_ms", 2)]


def disturbed(cases):
    signs = []
    for case in cases:
        late = max(each["late_ms"] for each in case["modes"][QUIET])
        if late > LATE_MS:
            signs.append(f"{where(case)}: quiet, the generator itself was up to {late:.2f} ms late")
        if case["others"] > DISTURBED:
            signs.append(f"{where(case)}: other programs took {case['others']:.1f} cores")
    return [f"**Disturbed**: {'; '.join(signs)}. Measure again on a quiet machine."] if signs else []
