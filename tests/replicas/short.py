"""The experiment of docs/third-way.md: what it costs to validate sessions without a query and to revoke them everywhere.

Three replicas share one PostgreSQL server, which logs every statement that it gets. The experiment counts these
statements, measures how long other replicas accept the token of an ended session, and then stops the database.
"""

import collections
import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from support import BINARY, ROOT, Client, Postgres, Replica, percentile, rejection_lags, sign_in, sign_up, wait_for

SECONDS = 5
# Other jobs than the feed send a statement once per minute. A measurement that contains one is repeated.
TAKES = 3


class StatementLog:
    """The statements that PostgreSQL has logged."""

    def __init__(self, path):
        self.path, self.position = path, 0

    def read(self):
        """Returns the statements since the last call."""
        with open(self.path) as file:
            file.seek(self.position)
            text = file.read()
            self.position = file.tell()
        return re.findall(r"LOG:  (?:statement|execute [^:]*): (.*)", text)


def is_poll(statement):
    """Returns whether the statement is the revocation feed's query."""
    return "revocations" in statement and "database_state" in statement


def others(found):
    return [statement for statement in found if not is_poll(statement)]


def count_polls(found):
    return sum(map(is_poll, found))


def reads_of_users(found):
    return sum(statement.startswith('SELECT "users"') for statement in found)


def send(replica, path, token, until, answers):
    client = Client(replica.port)
    while time.monotonic() < until:
        answers[client.call("GET", path, token)[0]] += 1


def send_for_seconds(replicas, path, token):
    """Sends requests to all replicas. Returns the number of responses by status."""
    answers = [collections.Counter() for _ in replicas]
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=send, args=(replica, path, token, until, answers[number])) for number, replica in enumerate(replicas)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answers, collections.Counter())


def measure_requests(log, replicas, path, token):
    """Returns the number of requests, and the statements that reached the database meanwhile."""
    log.read()
    answers = send_for_seconds(replicas, path, token)
    found = log.read()
    assert all(status in (200, 204) for status in answers), answers
    return answers.total(), found


def measure_verify(log, replicas, token):
    for _ in range(TAKES):
        requests, found = measure_requests(log, replicas, "/api/verify", token)
        if not others(found):
            break
    return requests, found


class Costs:
    """The statements of sign-ins or of sign-outs."""

    def __init__(self):
        self.statements, self.times = collections.Counter(), 0

    def add(self, found):
        self.times += 1
        self.statements.update(re.match(r"\w+(?: (?:INTO|FROM) \S+)?", statement)[0].replace('"', "") for statement in others(found))

    def describe(self):
        per_call = {kind: number / self.times for kind, number in self.statements.items()}
        # Calls that no other job disturbed have an integer number of statements of each kind.
        return ", ".join(f"{number:.0f} {kind}" for kind, number in sorted(per_call.items()) if number > 0.5)


def measure_sign_outs(log, replicas, rounds):
    """Returns the costs of sign-ins and sign-outs, and milliseconds from a sign-out until each other replica rejects the token."""
    first, others_of_first = replicas[0].client, [Client(replica.port) for replica in replicas[1:]]
    sign_ins, sign_outs, lags = Costs(), Costs(), []
    for number in range(rounds):
        # Spread over the poll interval. Otherwise every sign-out would come right after a poll.
        time.sleep(number * 37 % 250 / 1000)
        log.read()
        token = sign_in(first)
        sign_ins.add(log.read())
        assert all(other.verify(token) == 204 for other in others_of_first)
        assert first.call("DELETE", "/api/sessions/current", token)[0] == 204
        answered = time.monotonic()
        assert first.verify(token) == 401, "the replica that signed it out accepts it"
        lags += rejection_lags(others_of_first, token, answered)
        sign_outs.add(log.read())
    return sign_ins, sign_outs, sorted(lags)


def revocations_in_memory(replica):
    with urllib.request.urlopen(f"http://127.0.0.1:{replica.port}/metrics", timeout=10) as response:
        return int(float(re.search(r"^daypass_revocations (\S+)", response.read().decode(), re.M)[1]))


class Outage:
    """Seconds from the stop of the database: until the last 204, until the first 503. Seconds from its start until the next 204."""

    def __init__(self, postgres, replica, active, ended):
        client, answers = replica.client, {}
        postgres.stop()
        stopped = time.monotonic()
        while 503 not in answers:
            sent = time.monotonic() - stopped
            answers[client.verify(active)] = sent
        self.last_accepted, self.first_503 = answers[204], time.monotonic() - stopped
        assert client.verify(ended) == 401, "known revocations still apply"
        postgres.start()
        started = time.monotonic()
        wait_for("requests succeed again", lambda: client.verify(active) == 204)
        self.recovered = time.monotonic() - started


def report(rows):
    print("\n".join(["| measurement | result |", "|---|---|", *(f"| {name} | {result} |" for name, result in rows)]), flush=True)


def experiment(postgres, replicas, rounds):
    log, first = StatementLog(postgres.log), replicas[0].client
    sign_up(first)
    active, ended = sign_in(first), sign_in(first)
    assert first.call("DELETE", "/api/sessions/current", ended)[0] == 204
    log.read()
    time.sleep(SECONDS)
    quiet = log.read()
    verified, while_verified = measure_verify(log, replicas, active)
    looked_up, while_looked_up = measure_requests(log, replicas, "/api/users/me", active)
    sign_ins, sign_outs, lags = measure_sign_outs(log, replicas, rounds)
    in_memory = [revocations_in_memory(replica) for replica in replicas]
    outage = Outage(postgres, replicas[1], active, ended)
    report([
        (f"statements in {SECONDS} s without requests", f"{count_polls(quiet)} polls, {len(others(quiet))} others"),
        (f"statements in {SECONDS} s with {verified:,} requests to `/api/verify`", f"{count_polls(while_verified)} polls, {len(others(while_verified))} others"),
        (f"statements in {SECONDS} s with {looked_up:,} requests to `/api/users/me`",
         f"{count_polls(while_looked_up)} polls, {reads_of_users(while_looked_up):,} that read the user's row"),
        ("statements of a sign-in", sign_ins.describe()),
        ("statements of a sign-out", sign_outs.describe()),
        (f"{rounds} sign-outs: time until the other replicas reject the token",
         f"{statistics.median(lags):.0f} ms (p50), {percentile(lags, 0.99):.0f} ms (p99), {lags[-1]:.0f} ms (maximum)"),
        ("revocations in the memory of each replica afterwards", ", ".join(map(str, in_memory))),
        ("database stopped", f"last request accepted after {outage.last_accepted:.1f} s, first 503 after {outage.first_503:.1f} s"),
        ("database started again", f"requests accepted after {outage.recovered:.1f} s"),
    ])
    if others(while_verified) or lags[-1] > 1_000:
        sys.exit("a measurement misses its goal: no statement for a request, and at most 1 s until a token is rejected everywhere")
    print("1 passed, 0 failed")


def main(rounds):
    if "DAYPASS_BIN" not in os.environ:
        subprocess.run(["cargo", "build", "--locked"], cwd=ROOT, check=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="daypass-third-way-"))
    folder.chmod(0o755)
    cleanup = contextlib.ExitStack()
    cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
    with cleanup:
        postgres = Postgres(folder, "-c log_statement=all")
        cleanup.callback(postgres.stop_quietly)
        replicas = []
        for name in ("one", "two", "three"):
            # Without e-mail, because its job would query the database every second.
            replicas.append(Replica(postgres.url, folder, name, MAILER="none"))
            cleanup.callback(replicas[-1].process.kill)
        print(f"{len(replicas)} replicas of {BINARY} on one PostgreSQL server, {os.cpu_count()} cores", flush=True)
        experiment(postgres, replicas, rounds)
        for replica in replicas:
            replica.stop()
