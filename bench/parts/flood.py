"""Passwords guessed from a thousand addresses, after which the owner signs in, and names that nobody has."""

import time

from goals import must, table
from servers import DAYPASS, LIMITED, PASSWORD, Server, Trouble, address, attempt, count, posts

OWNER = "owner"
GUESSES, ADDRESSES, GUESSERS = 10_000, 1_000, 8
# What the limit lets through, and as much again for what it takes to count among many at once.
MOST_JUDGED = 2 * 20
STRANGERS, QUICK_STRANGERS = 100_000, 10_000
# Enough to fill the line of the hash threads: if each were compared, all would take a quarter of an hour.
STRANGERS_AT_ONCE = 200
WRONG = "wrong horse battery"


def owner_signs_in(server, number, device=None):
    """The owner with the right password, from an address that nobody has used."""
    headers = {"X-Forwarded-For": address(number, 172)} | ({"Daypass-Device": device} if device else {})
    begun = time.perf_counter()
    status, _, _ = server.exchange("POST", "/api/sessions", {"username": OWNER, "password": PASSWORD}, headers)
    return {"status": status, "ms": (time.perf_counter() - begun) * 1000}


def flood(server, attempts, concurrent):
    return server.drive(closed=posts("/api/sessions", attempts, concurrent=concurrent), core=None)["closed"]


def measure(folder, quick):
    home = folder / "flood"
    home.mkdir()
    with Server("daypass", [DAYPASS], home, pinned=False, **LIMITED) as server:
        status, headers, text = server.exchange("POST", "/api/users", {"username": OWNER, "password": PASSWORD})
        if status != 201:
            raise Trouble(f"{OWNER} cannot sign up: {status}: {text[:300]}")
        device = {name.lower(): value for name, value in headers}.get("daypass-device")
        # What hashing and that many connections keep is no part of what guesses take.
        early = [attempt(f"early{number}", WRONG, number, 192) for number in range(2 * STRANGERS_AT_ONCE)]
        flood(server, early, STRANGERS_AT_ONCE)
        before = server.resident_mib()
        guesses = [attempt(OWNER, WRONG, number % ADDRESSES) for number in range(GUESSES)]
        guesses = flood(server, guesses, GUESSERS)
        between = server.resident_mib()
        owner = owner_signs_in(server, 1, device)
        elsewhere = owner_signs_in(server, 2)
        number = QUICK_STRANGERS if quick else STRANGERS
        strangers = [attempt(f"nobody{each}", WRONG, each, 11) for each in range(number)]
        strangers = flood(server, strangers, STRANGERS_AT_ONCE)
        after = server.resident_mib()
    return {"guesses": guesses, "strangers": strangers, "number": number, "device": device is not None, "owner": owner,
            "owner elsewhere": elsewhere, "resident": [before, between, after]}


def goals(figures):
    judged, owner = count(figures["guesses"], 401), figures["owner"]
    floods = [figures["guesses"], figures["strangers"]]
    others = sorted({status for each in floods for status in each["answers"]} - {"401", "429", "503"})
    broken = sum(each["errors"] for each in floods)
    return [
        must(f"of {GUESSES:,} guesses at most {MOST_JUDGED} are compared", judged <= MOST_JUDGED, f"{judged:,}"),
        must("the owner signs in from a known device at the first try", figures["device"] and owner["status"] == 201,
             f"{owner['status']}" + ("" if figures["device"] else ", no device token was given")),
        must("no answer but 401, 429 and 503", not others and not broken,
             ", ".join(others + ([f"{broken} broken off"] if broken else [])) or "none"),
    ]


def tables(figures):
    before, between, after = figures["resident"]
    owner, elsewhere = figures["owner"], figures["owner elsewhere"]
    rows = [row(f"{GUESSES:,} guesses for one account, {ADDRESSES:,} addresses", figures["guesses"], between - before),
            row(f"{figures['number']:,} names, an address each", figures["strangers"], after - between)]
    return "\n\n".join([
        table(["flood", "compared (401)", "limited (429)", "busy (503)", "429 p50 ms", "429 p99 ms", "seconds",
               "resident MiB"], rows),
        f"After the guesses the owner is answered {owner['status']} in {owner['ms']:.0f} ms from a known device, and "
        f"{elsewhere['status']} in {elsewhere['ms']:.0f} ms without its token. The second flood took "
        f"{(after - between) * 2**20 / figures['number']:.0f} bytes for each name and address.",
    ])


def row(what, seen, growth):
    limited = seen["answers"].get("429")
    times = [f"{limited[key]:.2f}" for key in ("p50_ms", "p99_ms")] if limited else ["", ""]
    return [what, *(f"{count(seen, status):,}" for status in (401, 429, 503)), *times, f"{seen['seconds']:.1f}",
            f"{growth:+.1f}"]
