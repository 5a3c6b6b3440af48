"""Whether a stranger can tell from the refusal of a sign-in that a user exists: by body, by headers, by time.

Wrong passwords for names that nobody has and for three kinds of users, one after the other in random order on
a quiet server. A test that finds nothing proves little unless one knows what it could have found, so each row
says from which difference on the same test, with the same spread, would have spoken.
"""

import base64
import json
import math
import os
import random
import re
import statistics
import subprocess
import time

from goals import at_least, must, table
from servers import (DAYPASS, LIMITED, PASSWORD, SETTINGS, UNLIMITED, Server, Trouble, address, attempt, only, posts,
                     sign_up)

UNKNOWN, ORDINARY, BCRYPT, OLD = "unknown name", "ordinary user", "bcrypt, cost 10", "argon2id m=8192,t=3,p=1"
PAST_LIMIT = "ordinary user, past its limit"
KINDS = [UNKNOWN, ORDINARY, BCRYPT, OLD]
# Several names for each kind, so that no place in the table or in a map stands for a kind.
NAMES_EACH = 20
TRIALS, QUICK_TRIALS = 300, 45
WARM_UP = 3
SIGNIFICANCE = 0.001
# Each kind against unknown names, and a limited name that exists against one that does not.
COMPARISONS = len(KINDS)
WRONG = "wrong horse battery"
# More attempts than the limit allows for one account.
MOST_ATTEMPTS = 60
PAIRS = 10
BCRYPT_DIGITS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def digits(number):
    return base64.b64encode(os.urandom(number)).rstrip(b"=")


def imported():
    """Hashes of passwords that nobody knows: salt and result are random, for only wrong ones are tried."""
    bcrypt = (digits(16) + digits(23)).translate(BCRYPT_DIGITS).decode()
    argon2 = f"{digits(16).decode()}${digits(32).decode()}"
    return {BCRYPT: f"$2b$10${bcrypt}", OLD: f"$argon2id$v=19$m=8192,t=3,p=1${argon2}"}


def prepare(home):
    """A database with the users of each kind; all their names, in random order and of one length."""
    with Server("daypass", [DAYPASS], home, **UNLIMITED) as server:
        ordinary = sign_up(server, NAMES_EACH)
    names = {ORDINARY: ordinary, **{kind: [f"{kind[:6].strip()}{each}" for each in range(NAMES_EACH)]
                                    for kind in (UNKNOWN, BCRYPT, OLD)}}
    lines = [json.dumps({"username": name, "passwordhash": imported()[kind]})
             for kind in (BCRYPT, OLD) for name in names[kind]]
    (home / "users.jsonl").write_text("\n".join(lines) + "\n")
    done = subprocess.run([DAYPASS, "user", "import", home / "users.jsonl"], cwd=home, capture_output=True, text=True,
                          env=SETTINGS | {"DATABASE_URL": f"sqlite://{home}/daypass.db?mode=rwc"})
    if done.returncode != 0:
        raise Trouble(f"daypass user import: {done.stderr.strip()[:500]}")
    return names


def timed(server, kinds, trials, status, requests):
    """Milliseconds of each kind: every kind once in each block, in random order, so that a drift hits all alike."""
    order = [kind for _ in range(WARM_UP + trials) for kind in random.sample(kinds, len(kinds))]
    attempts = [requests(kind, number) for number, kind in enumerate(order)]
    seen = server.drive(closed=posts("/api/sessions", attempts, concurrent=1, each=True))["closed"]
    times = {kind: [] for kind in kinds}
    for kind, (_, ms) in list(zip(order, only(seen, status)["each"]))[WARM_UP * len(kinds):]:
        times[kind].append(ms)
    return times


def refusal(server, name, headers=None):
    """An answer without what differs from one request to the next."""
    status, head, body = server.exchange("POST", "/api/sessions", {"username": name, "password": WRONG}, headers)
    head = [(key, value) for key, value in head if key.lower() not in ("date", "x-request-id")]
    return [status, head, re.sub(rb'"requestId":"[^"]*"', b"", body).decode()]


def limited(server, trials):
    """Both names past their limit: their refusals side by side, and the times of more of them."""
    names = {UNKNOWN: "stranger", PAST_LIMIT: "resident"}
    used = iter(range(10**6))
    for _ in range(MOST_ATTEMPTS):
        answers = [refusal(server, name, {"X-Forwarded-For": address(next(used))}) for name in names.values()]
        if all(status == 429 for status, *_ in answers):
            break
    else:
        return {"limited": False, "pairs": [answers], "times": None}
    # A second may pass between the two answers of a pair, and the headers count seconds.
    pairs = []
    for _ in range(PAIRS):
        pairs.append([refusal(server, name, {"X-Forwarded-For": address(next(used))}) for name in names.values()])
        time.sleep(0.13)
    first = next(used)
    times = timed(server, list(names), trials, 429, lambda kind, number: attempt(names[kind], WRONG, first + number))
    return {"limited": True, "pairs": pairs, "times": times}


def measure(folder, quick):
    trials = QUICK_TRIALS if quick else TRIALS
    home = folder / "enumeration"
    home.mkdir()
    names = prepare(home)
    # On a core of its own: what the other one does would only widen the spread.
    with Server("daypass", [DAYPASS], home, HASH_THREADS="1", **UNLIMITED) as server:
        answers = {kind: refusal(server, names[kind][0]) for kind in KINDS}
        times = timed(server, KINDS, trials, 401,
                      lambda kind, number: attempt(random.choice(names[kind]), WRONG, number))
    with Server("daypass", [DAYPASS], home, HASH_THREADS="1", **LIMITED) as server:
        server.call("POST", "/api/users", {"username": "resident", "password": PASSWORD})
        past = limited(server, trials)
    return {"answers": answers, "times": times, "past the limit": past}


def mann_whitney(ours, theirs):
    """p of the two-sided U test: the normal approximation, corrected for ties and for continuity."""
    ranked = sorted([(value, True) for value in ours] + [(value, False) for value in theirs])
    total, rank_sum, ties, at = len(ranked), 0.0, 0, 0
    while at < total:
        end = at
        while end < total and ranked[end][0] == ranked[at][0]:
            end += 1
        rank_sum += (at + 1 + end) / 2 * sum(mine for _, mine in ranked[at:end])
        ties += (end - at) ** 3 - (end - at)
        at = end
    pairs = len(ours) * len(theirs)
    u = rank_sum - len(ours) * (len(ours) + 1) / 2
    variance = pairs / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance == 0:
        return 1.0
    return math.erfc(max(abs(u - pairs / 2) - 0.5, 0) / math.sqrt(2 * variance))


def smallest_shift(ours, theirs):
    """The least milliseconds by which `theirs` must differ for the test to find it, from equal medians on."""
    apart = statistics.median(theirs) - statistics.median(ours)
    level = [value - apart for value in theirs]

    def found(shift):
        return mann_whitney(ours, [value + shift for value in level]) < SIGNIFICANCE / COMPARISONS

    low, high = 0.0, 0.0001
    while not found(high):
        low, high = high, high * 2
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def pairs_of(figures):
    """What is compared with what: name, unknown names' times, its own."""
    times, past = figures["times"], figures["past the limit"]["times"]
    pairs = [(kind, times[UNKNOWN], times[kind]) for kind in KINDS[1:]]
    return pairs + ([(PAST_LIMIT, past[UNKNOWN], past[PAST_LIMIT])] if past else [])


def goals(figures):
    threshold = SIGNIFICANCE / COMPARISONS
    answers, past = figures["answers"], figures["past the limit"]
    apart = [kind for kind in KINDS if answers[kind] != answers[UNKNOWN]]
    alike = any(one == other for one, other in past["pairs"])
    results = [at_least(f"p of no difference in time, unknown name / {kind}", [mann_whitney(unknown, known)], threshold,
                        digits=4) for kind, unknown, known in pairs_of(figures)]
    return results + [
        must("refusals alike to the byte", not apart, f"differ: {', '.join(apart)}" if apart else "alike"),
        must("refusals past the limit alike to the byte", past["limited"] and alike,
             ("alike" if alike else "differ") if past["limited"] else f"not limited after {MOST_ATTEMPTS} attempts"),
    ]


def tables(figures):
    rows = [spread(UNKNOWN, figures["times"][UNKNOWN])]
    for kind, unknown, known in pairs_of(figures):
        if kind == PAST_LIMIT:
            rows.append(spread(f"{UNKNOWN}, past its limit", unknown))
        apart = statistics.median(known) - statistics.median(unknown)
        rows.append(spread(kind, known, f"{apart:+.3f}", f"{mann_whitney(unknown, known):.4f}",
                           f"{smallest_shift(unknown, known):.3f}"))
    return "\n\n".join([
        table(["wrong password for", "median ms", "middle half ms", "from unknown ms", "p", "would have seen ms"],
              rows),
        f"{len(figures['times'][UNKNOWN])} attempts of each kind; Mann-Whitney U against the unknown name, significant "
        f"below {SIGNIFICANCE:g} / {COMPARISONS} (Bonferroni).",
        *differences(figures),
    ])


def spread(what, times, *more):
    low, middle, high = statistics.quantiles(times, n=4)
    return [what, f"{middle:.3f}", f"{low:.3f}-{high:.3f}", *(more or ("", "", ""))]


def differences(figures):
    """The answers that should have been alike."""
    answers, past = figures["answers"], figures["past the limit"]
    for kind in KINDS[1:]:
        if answers[kind] != answers[UNKNOWN]:
            yield f"{UNKNOWN}: `{answers[UNKNOWN]}`; {kind}: `{answers[kind]}`"
    if past["limited"] and not any(one == other for one, other in past["pairs"]):
        one, other = past["pairs"][-1]
        yield f"{UNKNOWN}, past its limit: `{one}`; {PAST_LIMIT}: `{other}`"
