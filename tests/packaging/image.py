"""The root file system of the image, entered like a container: own root, unprivileged user, read-only except /data.

The user, folder, environment and commands come from the Dockerfile.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
import urllib.parse

from support import PACKAGING, SECRET, Service, call, free_port, is_valid, run, sign_up, status_of, wait_for


def instructions():
    """Returns the instructions of the final stage: their names with their arguments."""
    text = (PACKAGING / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    last = max(index for index, line in enumerate(lines) if line[0] == "FROM")
    return {name: argument for name, argument in lines[last:]}


def environment():
    return dict(word.split("=", 1) for word in shlex.split(instructions()["ENV"]))


def entrypoint():
    return json.loads(instructions()["ENTRYPOINT"])


def healthcheck():
    return json.loads(instructions()["HEALTHCHECK"].split("CMD")[1])


def copy_libraries(binary, root):
    """A static binary needs no libraries. The debug binary of the tests is dynamic."""
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)


class Container:
    def __init__(self, binary, folder, cleanup, **settings):
        self.root, self.folder, self.cleanup = folder / "root", folder, cleanup
        self.port = free_port()
        self.environment = environment() | {"PORT": str(self.port)} | settings
        run(PACKAGING / "rootfs", binary, self.root)
        self.user, self.group = map(int, instructions()["USER"].split(":"))
        self.workdir = instructions()["WORKDIR"]
        self.check_permissions()
        copy_libraries(binary, self.root)

    def check_permissions(self):
        for path in self.root.rglob("*"):
            status = path.stat()
            if path != self.root / "data":
                assert (status.st_uid, status.st_mode & 0o022) == (0, 0), f"the service could change {path}"

    def add(self, path, text):
        """Adds a file as Docker does for secrets and /etc/hosts: all users of the container can read it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o444)

    def make_read_only(self):
        for command in (
            ["mount", "--bind", self.root, self.root],
            ["mount", "--bind", self.root / "data", self.root / "data"],
            ["mount", "--options", "remount,bind,ro", self.root],
        ):
            run(*command)
        self.cleanup.callback(run, "umount", "--recursive", self.root)
        try:
            (self.root / "file").write_text("")
        except OSError:
            return
        raise AssertionError("the root file system is writable")

    def enter(self):
        """Runs in the new process, before the service."""
        os.chroot(self.root)
        os.chdir(self.workdir)
        os.setgroups([])
        os.setgid(self.group)
        os.setuid(self.user)

    def start(self):
        log = self.folder / "log"
        service = Service(entrypoint(), self.port, log, self.cleanup, env=self.environment, preexec_fn=self.enter)

        def is_healthy():
            assert service.process.poll() is None, log.read_text()
            return self.is_healthy()

        wait_for("the health check passes", is_healthy)
        return service

    def is_healthy(self):
        command = subprocess.run(
            healthcheck(), capture_output=True, timeout=30, env=self.environment, preexec_fn=self.enter
        )
        assert command.returncode in (0, 1), command
        return command.returncode == 0


def stop_like_docker(container, service):
    """After SIGTERM, the replica is not ready but serves requests. Returns the time until it ends."""
    started = time.monotonic()
    service.process.terminate()
    wait_for("the service is not ready", lambda: status_of(container.port) == 503, seconds=3)
    assert not container.is_healthy(), "the health check passes during SHUTDOWN_DELAY"
    assert call(container.port, "GET", "/health/live")[0] == 200, "requests are rejected during SHUTDOWN_DELAY"
    assert service.process.wait(60) == 0, service.log.read_text()
    return time.monotonic() - started


def check_with_sqlite(binary, folder, cleanup):
    container = Container(binary, folder, cleanup, JWT_SECRET_FILE="/run/secrets/jwt-secret")
    container.add("run/secrets/jwt-secret", f"{SECRET}\n")
    container.make_read_only()
    assert not container.is_healthy(), "the health check passes without the service"
    service = container.start()
    token = sign_up(container.port)
    seconds = stop_like_docker(container, service)
    assert seconds >= float(environment()["SHUTDOWN_DELAY"].removesuffix("s")), f"stopped after {seconds:.1f} s"
    container.environment["SHUTDOWN_DELAY"] = "0s"
    service = container.start()
    assert is_valid(container.port, token), "the token is rejected after a restart"
    service.stop()
    return f"image: runs as {container.user} with a read-only root, keeps sessions, stops in {seconds:.1f} s"


def check_host_names(binary, folder, cleanup):
    """The resolver reads /etc/hosts and asks no other source for a name in it."""
    url = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    parts = urllib.parse.urlsplit(url)
    name = f"daypass_packaging_{os.getpid()}"
    run("psql", url, "-qc", f"CREATE DATABASE {name}")
    cleanup.callback(run, "psql", url, "-qc", f"DROP DATABASE {name} WITH (FORCE)")
    files = {"DATABASE_URL": "", "DATABASE_URL_FILE": "/run/secrets/database-url", "JWT_SECRET": SECRET}
    container = Container(binary, folder, cleanup, **files, SHUTDOWN_DELAY="0s")
    container.add("etc/hosts", f"{socket.gethostbyname(parts.hostname)} database.test\n")
    user, _, address = parts.netloc.rpartition("@")
    by_name = parts._replace(netloc=f"{user}@{address.replace(parts.hostname, 'database.test')}", path=f"/{name}")
    container.add("run/secrets/database-url", by_name.geturl())
    container.make_read_only()
    service = container.start()
    assert is_valid(container.port, sign_up(container.port))
    service.stop()
    return "image: finds PostgreSQL by a name of /etc/hosts"
