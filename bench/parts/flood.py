"""Measures password guessing from many addresses, the sign-in of the owner, and sign-ins for unknown names."""

import time

from goals import passed, table
from servers import (DAYPASS, LIMITED, PASSWORD, BenchError, Server, client_address, count_status, post_loop,
                     sign_in_request)

OWNER = "owner"
GUESSES, ADDRESSES, GUESSING_CLIENTS = 10_000, 1_000, 8
# Twice the rate limit of 20, because parallel guesses can exceed the limit.
MAX_COMPARED = 2 * 20
UNKNOWN_NAMES, QUICK_UNKNOWN_NAMES = 100_000, 10_000
# Enough clients to fill the queue of the hash threads. Most responses are 503, which saves a quarter of an hour.
UNKNOWN_NAME_CLIENTS = 200
WRONG = "wrong horse battery"


def owner_signs_in(server, number, device=None):
    """Signs in with the correct password from a new address."""
    headers = {"X-Forwarded-For": client_address(number, 172)} | ({"Daypass-Device": device} if device else {})
    started = time.perf_counter()
    status, _, _ = server.exchange("POST", "/api/sessions", {"username": OWNER, "password": PASSWORD}, headers)
    return {"status": status, "ms": (time.perf_counter() - started) * 1000}


def send(server, requests, clients):
    return server.run_load(closed=post_loop("/api/sessions", requests, clients=clients), core=None)["closed"]


def measure(folder, quick):
    home = folder / "flood"
    home.mkdir()
    with Server("daypass", [DAYPASS], home, pinned=False, **LIMITED) as server:
        status, headers, text = server.exchange("POST", "/api/users", {"username": OWNER, "password": PASSWORD})
        if status != 201:
            raise BenchError(f"{OWNER} cannot sign up: {status}: {text[:300]}")
        device = {name.lower(): value for name, value in headers}.get("daypass-device")
        # Warm-up, so the memory for hashing and connections is not attributed to the guesses.
        warm_up = [sign_in_request(f"early{number}", WRONG, number, 192) for number in range(2 * UNKNOWN_NAME_CLIENTS)]
        send(server, warm_up, UNKNOWN_NAME_CLIENTS)
        before = server.resident_mib()
        requests = [sign_in_request(OWNER, WRONG, number % ADDRESSES) for number in range(GUESSES)]
        guesses = send(server, requests, GUESSING_CLIENTS)
        between = server.resident_mib()
        known_device = owner_signs_in(server, 1, device)
        unknown_device = owner_signs_in(server, 2)
        number = QUICK_UNKNOWN_NAMES if quick else UNKNOWN_NAMES
        requests = [sign_in_request(f"absent{each}", WRONG, each, 11) for each in range(number)]
        unknown_names = send(server, requests, UNKNOWN_NAME_CLIENTS)
        after = server.resident_mib()
    return {"guesses": guesses, "unknown names": unknown_names, "number": number, "device": device is not None,
            "known device": known_device, "unknown device": unknown_device, "resident": [before, between, after]}


def goals(results):
    compared, owner = count_status(results["guesses"], 401), results["known device"]
    loops = [results["guesses"], results["unknown names"]]
    unexpected = sorted({status for loop in loops for status in loop["responses"]} - {"401", "429", "503"})
    errors = sum(loop["errors"] for loop in loops)
    return [
        passed(f"of {GUESSES:,} guesses, at most {MAX_COMPARED} are compared with the hash", compared <= MAX_COMPARED,
               f"{compared:,}"),
        passed("the owner's first sign-in from a known device succeeds", results["device"] and owner["status"] == 201,
               f"{owner['status']}" + ("" if results["device"] else ", no device token was returned")),
        passed("no status except 401, 429 and 503", not unexpected and not errors,
               ", ".join(unexpected + ([f"{errors} failed"] if errors else [])) or "none"),
    ]


def tables(results):
    before, between, after = results["resident"]
    known, unknown = results["known device"], results["unknown device"]
    rows = [row(f"{GUESSES:,} guesses at one account, {ADDRESSES:,} addresses", results["guesses"], between - before),
            row(f"{results['number']:,} unknown names, one address each", results["unknown names"], after - between)]
    return "\n\n".join([
        table(["requests", "compared (401)", "limited (429)", "busy (503)", "429 p50 ms", "429 p99 ms", "seconds",
               "resident MiB"], rows),
        f"After the guesses, the owner's sign-in from a known device returned {known['status']} in {known['ms']:.0f} "
        f"ms. From an unknown device, it returned {unknown['status']} in {unknown['ms']:.0f} ms. The unknown names "
        f"used {(after - between) * 2**20 / results['number']:.0f} bytes for each name and address.",
    ])


def row(title, loop, growth):
    limited = loop["responses"].get("429")
    times = [f"{limited[key]:.2f}" for key in ("p50_ms", "p99_ms")] if limited else ["", ""]
    return [title, *(f"{count_status(loop, status):,}" for status in (401, 429, 503)), *times, f"{loop['seconds']:.1f}",
            f"{growth:+.1f}"]
