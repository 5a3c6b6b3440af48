"""The release archive: its content, and the time from unpacking it to the first session."""

import json
import os
import shutil
import tarfile
import time

from support import PACKAGING, Service, clean_environment, free_port, is_valid, run, sign_up

FILES = {
    ".env.example", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md",
    "daypass", "daypass.cdx.json", "daypass.service",
}
MAX_SECONDS = 10


def build(binary, output):
    run(PACKAGING / "build-release", "--binary", binary, "--output", output)
    (archive,) = output.glob("daypass-*.tar.gz")
    return archive


def check_linux_binary(_binary, _folder, _cleanup):
    """On Debian 12, `ldconfig` is static, Bash needs libtinfo, and `true` needs glibc 2.34."""
    command = [PACKAGING / "check-linux-binary"]
    assert "static" in run(*command, shutil.which("ldconfig"))
    for program, reason in [("bash", "libtinfo"), ("true", "only glibc 2.31")]:
        try:
            run(*command, shutil.which(program))
        except AssertionError as error:
            assert reason in str(error), error
        else:
            raise AssertionError(f"check-linux-binary accepts {program}")
    return "check of Linux binaries: rejects other libraries and a newer glibc"


def check_reproducible(_binary, folder, _cleanup):
    """A small file replaces the binary, because the size of the archive makes no difference."""
    first, second = build("/bin/true", folder / "one"), build("/bin/true", folder / "two")
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes()), "two builds differ"
    return f"two builds of {first.name} are identical"


def check_first_session(binary, folder, cleanup):
    archive = build(binary, folder / "archives")
    name = archive.name.removesuffix(".tar.gz")
    run("sha256sum", "--check", f"{archive.name}.sha256", cwd=archive.parent)
    started = time.monotonic()
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        tar.extractall(folder)
    names = {member.name for member in members}
    assert names == {name} | {f"{name}/{file}" for file in FILES}, names
    assert {(member.uid, member.gid) for member in members} == {(0, 0)}
    components = json.loads((folder / name / "daypass.cdx.json").read_text())["components"]
    assert {"tokio", "sea-orm"} <= {component["name"] for component in components}, "the SBOM lists the dependencies"
    assert str(PACKAGING.parent) not in (folder / name / "daypass.cdx.json").read_text(), "the SBOM has no local paths"
    port = free_port()
    environment = clean_environment(PORT=str(port))
    service = Service(["./daypass"], port, folder / "log", cleanup, cwd=folder / name, env=environment)
    service.wait_until_ready()
    assert is_valid(port, sign_up(port))
    seconds = time.monotonic() - started
    service.stop()
    assert os.path.exists(folder / name / "data/daypass.db"), "the database is in the unpacked folder"
    assert seconds <= MAX_SECONDS, f"{seconds:.1f} s from the archive to the first session"
    return f"{seconds:.1f} s from the archive to the first session"
