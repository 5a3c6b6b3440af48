"""The systemd unit: its syntax, its sandbox, and its list of system calls. Starts nothing with systemd."""

import os
import re
import shutil

from support import PACKAGING, SECRET, Service, clean_environment, free_port, is_valid, run, sign_up, wait_for

UNIT = PACKAGING / "daypass.service"
# In tenths. systemd rates services from 0 (isolated) to 10 (unrestricted).
MAX_EXPOSURE = 20
NOBODY = 65534


def check_unit(binary, folder, _cleanup):
    # The verification fails if the file of ExecStart does not exist.
    copy = folder / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/local/bin/daypass", str(binary)))
    report = run("systemd-analyze", "verify", "--man=no", copy)
    assert not report, report
    report = run("systemd-analyze", "security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager", UNIT)
    return f"systemd unit: valid, exposure {re.search(r'exposure level .*?: ([0-9.]+)', report)[1]}"


def group(name):
    """Returns the system calls of a group such as @process."""
    lines = [line.strip() for line in run("systemd-analyze", "syscall-filter", "--no-pager", name).splitlines()]
    members = [line for line in lines[1:] if line and not line.startswith("#")]
    return {call for member in members for call in (group(member) if member.startswith("@") else {member})}


def allowed_calls():
    allowed = group("@default")
    for value in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M):
        calls = {call for name in value.lstrip("~").split() for call in (group(name) if name[0] == "@" else {name})}
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def check_system_calls(binary, folder, cleanup):
    """Traces the service from the start to the stop. The unit must allow every system call."""
    # SQLite makes more calls as root, which the unit does not use.
    os.chown(folder, NOBODY, NOBODY)
    shutil.copy(binary, folder / "daypass")
    port, trace = free_port(), folder / "trace"
    # With --daemonize, the service is the child of this process, and stops like without strace.
    command = ["strace", "--daemonize", "--follow-forks", "--summary-only", f"--output={trace}", "./daypass"]
    environment = clean_environment(PORT=str(port), JWT_SECRET=SECRET, DAYPASS_ENV="production")
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    service = Service(command, port, folder / "log", cleanup, cwd=folder, env=environment, **user)
    service.wait_until_ready()
    assert is_valid(port, sign_up(port))
    service.stop()
    wait_for("strace writes its summary", lambda: " total\n" in trace.read_text())
    calls = set(re.findall(r"^ *\d+\.\d\d .* ([a-z]\w+)$", trace.read_text(), re.M)) - {"total"}
    assert {"accept4", "sched_setscheduler"} <= calls, calls
    rejected = calls - allowed_calls()
    assert not rejected, f"the systemd unit rejects {', '.join(sorted(rejected))}"
    return f"systemd unit: allows the {len(calls)} system calls of the service"
