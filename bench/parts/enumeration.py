"""Whether a stranger can tell from the refusal of a sign-in that a user exists: by body, by headers, by time.

Wrong passwords for unknown names and for three kinds of users, in random order: one after the other on
a quiet server, and many at once from two networks that keep the hash thread busy. A test that finds nothing proves
little unless one knows what it could have found, so each row says from which difference on the same test, with the
same spread, would have spoken.
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
# Addresses in these networks keep the hash thread busy: IPv4 addresses share a network of 256.
NETWORKS = ["192.0.2", "198.51.100"]
GUESSES, SIGN_INS = "wrong passwords", "mostly right passwords"
# The requests of a busy server, how many of them are sent at a time, and the share of wrong passwords.
# Each network gets one 401 after the other, so many wrong passwords are answered 503. With mostly right passwords
# the hash thread is as busy, and a good part of the wrong ones is answered 401.
BUSY = {GUESSES: {"attempts": 8000, "quick": 2000, "concurrent": 64, "wrong": 1.0},
        SIGN_INS: {"attempts": 10_000, "quick": 2600, "concurrent": 40, "wrong": 0.12}}
# Each kind against unknown names, on a quiet server and by time and by share of 503 on a busy one; and a limited name
# that exists against one that does not.
COMPARISONS = len(KINDS) - 1 + 2 * len(BUSY) * (len(KINDS) - 1) + 1
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


def busy(server, names, load, quick):
    """The status and milliseconds of the refusals of each kind, among enough requests at a time to keep the hash
    thread busy. The kind of each wrong password is random, so whatever the queue does hits all kinds alike."""
    attempts, concurrent = load["quick" if quick else "attempts"], load["concurrent"]
    order = [random.choice(KINDS) if random.random() < load["wrong"] else None for _ in range(attempts)]
    requests = []
    for kind in order:
        sent = attempt(random.choice(names[kind or ORDINARY]), WRONG if kind else PASSWORD, 0)
        sent["headers"]["x-forwarded-for"] = f"{random.choice(NETWORKS)}.{random.randint(1, 254)}"
        requests.append(sent)
    seen = server.drive(closed=posts("/api/sessions", requests, concurrent=concurrent, each=True))["closed"]
    seen = only(seen, 201, 401, 503)
    refusals = {kind: [] for kind in KINDS}
    # The first requests meet an empty queue, and the last ones leave one.
    for kind, answer in list(zip(order, seen["each"]))[concurrent:-concurrent]:
        if kind:
            refusals[kind].append(answer)
    return {"refusals": refusals, "per second": attempts / seen["seconds"], "seconds": seen["seconds"]}


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
        loads = {load: busy(server, names, how, quick) for load, how in BUSY.items()}
    with Server("daypass", [DAYPASS], home, HASH_THREADS="1", **LIMITED) as server:
        server.call("POST", "/api/users", {"username": "resident", "password": PASSWORD})
        past = limited(server, trials)
    return {"answers": answers, "times": times, "busy": loads, "past the limit": past}


def rank_sum(ours, theirs):
    """Mann-Whitney's U less its mean, and its variance, corrected for ties."""
    ranked = sorted([(value, True) for value in ours] + [(value, False) for value in theirs])
    total, ranks, ties, at = len(ranked), 0.0, 0, 0
    while at < total:
        end = at
        while end < total and ranked[end][0] == ranked[at][0]:
            end += 1
        ranks += (at + 1 + end) / 2 * sum(mine for _, mine in ranked[at:end])
        ties += (end - at) ** 3 - (end - at)
        at = end
    pairs = len(ours) * len(theirs)
    if pairs == 0:
        return 0.0, 0.0
    u = ranks - len(ours) * (len(ours) + 1) / 2
    return u - pairs / 2, pairs / 12 * (total + 1 - ties / (total * (total - 1)))


def mann_whitney(ours, theirs):
    """p of the two-sided U test, by the normal approximation with a correction for continuity. Both are lists of
    lists: each is compared with its counterpart alone, and the sums are tested."""
    sums = [rank_sum(one, other) for one, other in zip(ours, theirs)]
    apart, variance = (sum(each) for each in zip(*sums))
    if variance == 0:
        return 1.0
    return math.erfc(max(abs(apart) - 0.5, 0) / math.sqrt(2 * variance))


def smallest_shift(ours, theirs):
    """The least milliseconds by which `theirs` must differ for the test to find it, from equal medians on."""
    level = []
    for one, other in zip(ours, theirs):
        apart = statistics.median(other) - statistics.median(one) if one and other else 0
        level.append([value - apart for value in other])

    def found(shift):
        shifted = [[value + shift for value in each] for each in level]
        return mann_whitney(ours, shifted) < SIGNIFICANCE / COMPARISONS

    low, high = 0.0, 0.0001
    while not found(high):
        if high > 1e6:
            return math.inf
        low, high = high, high * 2
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def fisher(one, of_one, other, of_other):
    """p of Fisher's exact two-sided test: all tables that are no likelier than the one that was seen."""
    both, total = one + other, of_one + of_other
    ways = [math.comb(of_one, each) * math.comb(of_other, both - each) if 0 <= both - each <= of_other else 0
            for each in range(of_one + 1)]
    return sum(each for each in ways if each <= ways[one]) / math.comb(total, both)


def smallest_share(one, of_one, of_other):
    """The least difference to the share of `one` that the test would have found."""
    for more in range(1, of_other + 1):
        for other in (round(one / of_one * of_other) + more, round(one / of_one * of_other) - more):
            if 0 <= other <= of_other and fisher(one, of_one, other, of_other) < SIGNIFICANCE / COMPARISONS:
                return abs(other / of_other - one / of_one)
    return math.inf


def pairs_of(figures):
    """What is compared with what: name, unknown names' times, its own."""
    times, past = figures["times"], figures["past the limit"]["times"]
    pairs = [(kind, times[UNKNOWN], times[kind]) for kind in KINDS[1:]]
    return pairs + ([(PAST_LIMIT, past[UNKNOWN], past[PAST_LIMIT])] if past else [])


def of_status(refusals, status):
    return [ms for seen, ms in refusals if seen == status]


def by_status(refusals):
    """Milliseconds of the refusals with 401 and of those with 503: the times of one are no measure for the other's."""
    return [of_status(refusals, status) for status in (401, 503)]


def share_of_503(refusals):
    return len(of_status(refusals, 503)), len(refusals)


def busy_pairs(figures):
    """Load, kind, the refusals of unknown names, and those of the kind."""
    for load, seen in figures["busy"].items():
        for kind in KINDS[1:]:
            yield load, kind, seen["refusals"][UNKNOWN], seen["refusals"][kind]


def goals(figures):
    threshold = SIGNIFICANCE / COMPARISONS
    answers, past = figures["answers"], figures["past the limit"]
    apart = [kind for kind in KINDS if answers[kind] != answers[UNKNOWN]]
    alike = any(one == other for one, other in past["pairs"])
    results = [at_least(f"p of no difference in time, unknown name / {kind}", [mann_whitney([unknown], [known])], threshold,
                        digits=4) for kind, unknown, known in pairs_of(figures)]
    for load, kind, unknown, known in busy_pairs(figures):
        results += [
            at_least(f"p of no difference in time, {load}, {UNKNOWN} / {kind}",
                     [mann_whitney(by_status(unknown), by_status(known))], threshold, digits=4),
            at_least(f"p of no difference in the share of 503, {load}, {UNKNOWN} / {kind}",
                     [fisher(*share_of_503(unknown), *share_of_503(known))], threshold, digits=4),
        ]
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
        rows.append(spread(kind, known, f"{apart:+.3f}", f"{mann_whitney([unknown], [known]):.4f}",
                           f"{smallest_shift([unknown], [known]):.3f}"))
    return "\n\n".join([
        table(["wrong password for", "median ms", "middle half ms", "from unknown ms", "p", "would have seen ms"],
              rows),
        f"{len(figures['times'][UNKNOWN])} attempts of each kind; Mann-Whitney U against the unknown name, significant "
        f"below {SIGNIFICANCE:g} / {COMPARISONS} (Bonferroni).",
        table(["busy with", "wrong password for", "401", "median ms", "503", "median ms", "p of times",
               "would have seen ms", "503 share", "p of shares", "would have seen"], busy_rows(figures)),
        *(f"Busy with {load}: {BUSY[load]['concurrent']} requests at a time from {len(NETWORKS)} networks, "
          f"{seen['per second']:.0f} answers a second for {seen['seconds']:.0f} s."
          for load, seen in figures["busy"].items()),
        *differences(figures),
    ])


def busy_rows(figures):
    for load, seen in figures["busy"].items():
        unknown = seen["refusals"][UNKNOWN]
        for kind, known in seen["refusals"].items():
            counts = [text for times in by_status(known)
                      for text in (len(times), f"{statistics.median(times):,.0f}" if times else "")]
            shed, of = share_of_503(known)
            times, share = ["", ""], [f"{shed / of:.3f}", "", ""]
            if kind != UNKNOWN:
                pair = by_status(unknown), by_status(known)
                times = [f"{mann_whitney(*pair):.4f}", f"{smallest_shift(*pair):.1f}"]
                share[1:] = [f"{fisher(*share_of_503(unknown), shed, of):.4f}",
                             f"{smallest_share(*share_of_503(unknown), of):.3f}"]
            yield [load, kind, *counts, *times, *share]


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
