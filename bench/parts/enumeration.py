"""Tests whether the status, headers, body or time of a rejected sign-in reveal that a user exists.

Clients send wrong passwords for unknown names and for three kinds of users, in random order. On a quiet server, they
send one request at a time. On a busy server, they send many requests at a time from two networks. For each test, the
output also has the smallest difference that the test would have detected.
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

from goals import at_least, passed, table
from servers import (DAYPASS, LIMITED, PASSWORD, SETTINGS, UNLIMITED, BenchError, Server, client_address, post_loop,
                     require_statuses, sign_in_request, sign_up)

UNKNOWN, ORDINARY, BCRYPT, ARGON2 = "unknown name", "ordinary user", "bcrypt, cost 10", "argon2id m=8192,t=3,p=1"
PAST_LIMIT = "ordinary user, past the rate limit"
KINDS = [UNKNOWN, ORDINARY, BCRYPT, ARGON2]
# Several names for each kind, because the response time may depend on the position of a name in a table or map.
NAMES_EACH = 20
TRIALS, QUICK_TRIALS = 300, 45
WARM_UP = 3
SIGNIFICANCE = 0.001
# The networks of the clients on the busy server. The service groups IPv4 addresses into networks of 256.
NETWORKS = ["192.0.2", "198.51.100"]
GUESSES, SIGN_INS = "wrong passwords", "mostly correct passwords"
# The loads of the busy server. Each network gets only one 401 at a time, so most responses to wrong passwords are 503.
# With mostly correct passwords, more of the wrong ones get 401, and the hash thread is just as busy.
BUSY = {GUESSES: {"requests": 8000, "quick": 2000, "clients": 64, "wrong": 1.0},
        SIGN_INS: {"requests": 10_000, "quick": 2600, "clients": 40, "wrong": 0.12}}
# All kinds are compared with unknown names: their times on the quiet server, and their times and shares of 503 for each
# load of the busy server. The last comparison is past the rate limit.
COMPARISONS = len(KINDS) - 1 + 2 * len(BUSY) * (len(KINDS) - 1) + 1
WRONG = "wrong horse battery"
EXISTING = "existing"
# More than the rate limit allows for one account.
MAX_ATTEMPTS = 60
PAIRS = 10
BCRYPT_DIGITS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def random_base64(number):
    return base64.b64encode(os.urandom(number)).rstrip(b"=")


def imported_hashes():
    """Returns hashes with random bytes as salt and result. The test needs no matching password."""
    bcrypt = (random_base64(16) + random_base64(23)).translate(BCRYPT_DIGITS).decode()
    argon2 = f"{random_base64(16).decode()}${random_base64(32).decode()}"
    return {BCRYPT: f"$2b$10${bcrypt}", ARGON2: f"$argon2id$v=19$m=8192,t=3,p=1${argon2}"}


def prepare(home):
    """Creates a database with users of each kind. Returns the names of each kind, which have the same lengths."""
    with Server("daypass", [DAYPASS], home, **UNLIMITED) as server:
        ordinary = sign_up(server, NAMES_EACH)
    names = {ORDINARY: ordinary, **{kind: [f"{kind[:6].strip()}{each}" for each in range(NAMES_EACH)]
                                    for kind in (UNKNOWN, BCRYPT, ARGON2)}}
    lines = [json.dumps({"username": name, "passwordhash": imported_hashes()[kind]})
             for kind in (BCRYPT, ARGON2) for name in names[kind]]
    (home / "users.jsonl").write_text("\n".join(lines) + "\n")
    done = subprocess.run([DAYPASS, "user", "import", home / "users.jsonl"], cwd=home, capture_output=True, text=True,
                          env=SETTINGS | {"DATABASE_URL": f"sqlite://{home}/daypass.db?mode=rwc"})
    if done.returncode != 0:
        raise BenchError(f"daypass user import: {done.stderr.strip()[:500]}")
    return names


def measure_times(server, kinds, trials, status, request):
    """Returns the response times of each kind in milliseconds.

    Each block of requests has each kind once, in random order, so a drift affects all kinds in the same way."""
    order = [kind for _ in range(WARM_UP + trials) for kind in random.sample(kinds, len(kinds))]
    requests = [request(kind, number) for number, kind in enumerate(order)]
    result = server.run_load(closed=post_loop("/api/sessions", requests, clients=1, list_responses=True))["closed"]
    times = {kind: [] for kind in kinds}
    for kind, (_, ms) in list(zip(order, require_statuses(result, status)["list"]))[WARM_UP * len(kinds):]:
        times[kind].append(ms)
    return times


def measure_busy(server, names, load, quick):
    """Returns status and milliseconds of the rejections of each kind on a busy server.

    The kind of each wrong password is random, so the queue affects all kinds in the same way."""
    number, clients = load["quick" if quick else "requests"], load["clients"]
    order = [random.choice(KINDS) if random.random() < load["wrong"] else None for _ in range(number)]
    requests = []
    for kind in order:
        request = sign_in_request(random.choice(names[kind or ORDINARY]), WRONG if kind else PASSWORD, 0)
        request["headers"]["x-forwarded-for"] = f"{random.choice(NETWORKS)}.{random.randint(1, 254)}"
        requests.append(request)
    loop = post_loop("/api/sessions", requests, clients=clients, list_responses=True)
    result = require_statuses(server.run_load(closed=loop)["closed"], 201, 401, 503)
    rejections = {kind: [] for kind in KINDS}
    # During the first and the last requests, the queue is shorter.
    for kind, response in list(zip(order, result["list"]))[clients:-clients]:
        if kind:
            rejections[kind].append(response)
    return {"rejections": rejections, "per second": number / result["seconds"], "seconds": result["seconds"]}


def rejected_sign_in(server, name, headers=None):
    """Sends a wrong password. Returns the response without the parts that differ for each request."""
    status, head, body = server.exchange("POST", "/api/sessions", {"username": name, "password": WRONG}, headers)
    head = [(key, value) for key, value in head if key.lower() not in ("date", "x-request-id")]
    return [status, head, re.sub(rb'"requestId":"[^"]*"', b"", body).decode()]


def measure_limited(server, trials):
    """Returns pairs of responses for an unknown and an existing name past the rate limit, and their times."""
    names = {UNKNOWN: "missing1", PAST_LIMIT: EXISTING}
    numbers = iter(range(10**6))

    def both_responses():
        return [rejected_sign_in(server, name, {"X-Forwarded-For": client_address(next(numbers))})
                for name in names.values()]

    for _ in range(MAX_ATTEMPTS):
        responses = both_responses()
        if all(status == 429 for status, *_ in responses):
            break
    else:
        return {"limited": False, "pairs": [responses], "times": None}
    # Several pairs, because the headers contain seconds, which can differ within a pair.
    pairs = []
    for _ in range(PAIRS):
        pairs.append(both_responses())
        time.sleep(0.13)
    first = next(numbers)
    times = measure_times(server, list(names), trials, 429,
                          lambda kind, number: sign_in_request(names[kind], WRONG, first + number))
    return {"limited": True, "pairs": pairs, "times": times}


def measure(folder, quick):
    trials = QUICK_TRIALS if quick else TRIALS
    home = folder / "enumeration"
    home.mkdir()
    names = prepare(home)
    # Pinned to one core and with one hash thread, because times then vary less.
    with Server("daypass", [DAYPASS], home, HASH_THREADS="1", **UNLIMITED) as server:
        responses = {kind: rejected_sign_in(server, names[kind][0]) for kind in KINDS}
        times = measure_times(server, KINDS, trials, 401,
                              lambda kind, number: sign_in_request(random.choice(names[kind]), WRONG, number))
        loads = {name: measure_busy(server, names, load, quick) for name, load in BUSY.items()}
    with Server("daypass", [DAYPASS], home, HASH_THREADS="1", **LIMITED) as server:
        server.call("POST", "/api/users", {"username": EXISTING, "password": PASSWORD})
        past = measure_limited(server, trials)
    return {"responses": responses, "times": times, "busy": loads, "past the limit": past}


def rank_sum(first, second):
    """Returns Mann-Whitney's U minus its mean, and its variance with a correction for ties."""
    ranked = sorted([(value, True) for value in first] + [(value, False) for value in second])
    total, ranks, ties, start = len(ranked), 0.0, 0, 0
    while start < total:
        end = start
        while end < total and ranked[end][0] == ranked[start][0]:
            end += 1
        ranks += (start + 1 + end) / 2 * sum(is_first for _, is_first in ranked[start:end])
        ties += (end - start) ** 3 - (end - start)
        start = end
    pairs = len(first) * len(second)
    if pairs == 0:
        return 0.0, 0.0
    u = ranks - len(first) * (len(first) + 1) / 2
    return u - pairs / 2, pairs / 12 * (total + 1 - ties / (total * (total - 1)))


def mann_whitney(first, second):
    """Returns p of the two-sided U test, with the normal approximation and a continuity correction.

    Both arguments are lists of groups. Each group is compared only with its counterpart, and the sums are tested."""
    sums = [rank_sum(a, b) for a, b in zip(first, second)]
    difference, variance = (sum(each) for each in zip(*sums))
    if variance == 0:
        return 1.0
    return math.erfc(max(abs(difference) - 0.5, 0) / math.sqrt(2 * variance))


def detectable_shift(first, second):
    """Returns the smallest difference of the medians, in milliseconds, that the test detects with this spread."""
    aligned = []
    for a, b in zip(first, second):
        difference = statistics.median(b) - statistics.median(a) if a and b else 0
        aligned.append([value - difference for value in b])

    def detects(shift):
        shifted = [[value + shift for value in group] for group in aligned]
        return mann_whitney(first, shifted) < SIGNIFICANCE / COMPARISONS

    low, high = 0.0, 0.0001
    while not detects(high):
        if high > 1e6:
            return math.inf
        low, high = high, high * 2
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if detects(middle) else (middle, high)
    return high


def fisher(count_a, total_a, count_b, total_b):
    """Returns p of Fisher's exact two-sided test: the sum over all tables that are not more likely than this one."""
    count, total = count_a + count_b, total_a + total_b
    ways = [math.comb(total_a, each) * math.comb(total_b, count - each) if 0 <= count - each <= total_b else 0
            for each in range(total_a + 1)]
    return sum(each for each in ways if each <= ways[count_a]) / math.comb(total, count)


def detectable_share(count_a, total_a, total_b):
    """Returns the smallest difference of the shares that the test detects."""
    expected = round(count_a / total_a * total_b)
    for difference in range(1, total_b + 1):
        for count_b in (expected + difference, expected - difference):
            if 0 <= count_b <= total_b and fisher(count_a, total_a, count_b, total_b) < SIGNIFICANCE / COMPARISONS:
                return abs(count_b / total_b - count_a / total_a)
    return math.inf


def quiet_pairs(results):
    """Returns kind, times for unknown names, and times of the kind, for each comparison without load."""
    times, past = results["times"], results["past the limit"]["times"]
    pairs = [(kind, times[UNKNOWN], times[kind]) for kind in KINDS[1:]]
    return pairs + ([(PAST_LIMIT, past[UNKNOWN], past[PAST_LIMIT])] if past else [])


def times_of(rejections, status):
    return [ms for each, ms in rejections if each == status]


def times_by_status(rejections):
    """Returns the times of 401 and of 503 separately, because a 503 is much faster."""
    return [times_of(rejections, status) for status in (401, 503)]


def share_of_503(rejections):
    """Returns the number of 503 responses and the number of all responses."""
    return len(times_of(rejections, 503)), len(rejections)


def busy_pairs(results):
    """Yields load, kind, rejections for unknown names, and rejections of the kind, for each comparison with load."""
    for load, result in results["busy"].items():
        for kind in KINDS[1:]:
            yield load, kind, result["rejections"][UNKNOWN], result["rejections"][kind]


def goals(results):
    threshold = SIGNIFICANCE / COMPARISONS
    responses, past = results["responses"], results["past the limit"]
    different = [kind for kind in KINDS if responses[kind] != responses[UNKNOWN]]
    identical = any(unknown == known for unknown, known in past["pairs"])
    checks = [at_least(f"p value, response times, {UNKNOWN} / {kind}", [mann_whitney([unknown], [known])], threshold,
                       digits=4) for kind, unknown, known in quiet_pairs(results)]
    for load, kind, unknown, known in busy_pairs(results):
        checks += [
            at_least(f"p value, response times, {load}, {UNKNOWN} / {kind}",
                     [mann_whitney(times_by_status(unknown), times_by_status(known))], threshold, digits=4),
            at_least(f"p value, share of 503, {load}, {UNKNOWN} / {kind}",
                     [fisher(*share_of_503(unknown), *share_of_503(known))], threshold, digits=4),
        ]
    return checks + [
        passed("responses are identical", not different,
               f"different: {', '.join(different)}" if different else "identical"),
        passed("responses past the rate limit are identical", past["limited"] and identical,
               ("identical" if identical else "different") if past["limited"]
               else f"not limited after {MAX_ATTEMPTS} attempts"),
    ]


def tables(results):
    rows = [quiet_row(UNKNOWN, results["times"][UNKNOWN])]
    for kind, unknown, known in quiet_pairs(results):
        if kind == PAST_LIMIT:
            rows.append(quiet_row(f"{UNKNOWN}, past the rate limit", unknown))
        difference = statistics.median(known) - statistics.median(unknown)
        rows.append(quiet_row(kind, known, f"{difference:+.3f}", f"{mann_whitney([unknown], [known]):.4f}",
                              f"{detectable_shift([unknown], [known]):.3f}"))
    return "\n\n".join([
        table(["wrong password for", "median ms", "quartiles ms", "difference ms", "p value", "detectable ms"], rows),
        f"{len(results['times'][UNKNOWN])} requests of each kind. Mann-Whitney U test against unknown names, "
        f"significant below {SIGNIFICANCE:g} / {COMPARISONS} (Bonferroni).",
        table(["load", "wrong password for", "401", "median ms", "503", "median ms", "p value of times",
               "detectable ms", "share of 503", "p value of shares", "detectable share"], busy_rows(results)),
        *(f"Load of {load}: {BUSY[load]['clients']} requests at a time from {len(NETWORKS)} networks, "
          f"{result['per second']:.0f} responses per second for {result['seconds']:.0f} s."
          for load, result in results["busy"].items()),
        *differences(results),
    ])


def quiet_row(title, times, *comparison):
    low, middle, high = statistics.quantiles(times, n=4)
    return [title, f"{middle:.3f}", f"{low:.3f}-{high:.3f}", *(comparison or ("", "", ""))]


def busy_rows(results):
    for load, result in results["busy"].items():
        unknown = result["rejections"][UNKNOWN]
        for kind, known in result["rejections"].items():
            counts = [text for times in times_by_status(known)
                      for text in (len(times), f"{statistics.median(times):,.0f}" if times else "")]
            count, total = share_of_503(known)
            times, share = ["", ""], [f"{count / total:.3f}", "", ""]
            if kind != UNKNOWN:
                pair = times_by_status(unknown), times_by_status(known)
                times = [f"{mann_whitney(*pair):.4f}", f"{detectable_shift(*pair):.1f}"]
                share[1:] = [f"{fisher(*share_of_503(unknown), count, total):.4f}",
                             f"{detectable_share(*share_of_503(unknown), total):.3f}"]
            yield [load, kind, *counts, *times, *share]


def differences(results):
    """Yields the responses that are different."""
    responses, past = results["responses"], results["past the limit"]
    for kind in KINDS[1:]:
        if responses[kind] != responses[UNKNOWN]:
            yield f"{UNKNOWN}: `{responses[UNKNOWN]}`; {kind}: `{responses[kind]}`"
    if past["limited"] and not any(unknown == known for unknown, known in past["pairs"]):
        unknown, known = past["pairs"][-1]
        yield f"{UNKNOWN}, past the rate limit: `{unknown}`; {PAST_LIMIT}: `{known}`"
