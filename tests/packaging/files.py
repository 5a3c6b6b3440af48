"""The files that this test cannot run: Dockerfile, compose files and workflows. Checks their syntax and their names."""

import re
import shlex

import yaml

from image import environment, instructions
from support import PACKAGING, ROOT, clean_environment, run

COMPOSE = ["compose.yaml", "compose.sqlite.yaml"]
# The settings of every container.
HARDENED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
# SHUTDOWN_DELAY (5 s), the time for requests in flight (10 s), and a margin.
SECONDS_TO_STOP = 20


def compose(name):
    return yaml.safe_load((PACKAGING / name).read_text())


def replicas(name):
    return {key: service for key, service in compose(name)["services"].items() if service["image"] == "daypass"}


def check_dockerfile(_binary, _folder, _cleanup):
    required = re.search(r'^rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
    used = re.search(r"^FROM rust:([\d.]+)-bookworm AS build$", (PACKAGING / "Dockerfile").read_text(), re.M)[1]
    assert tuple(map(int, used.split("."))) >= tuple(map(int, required.split("."))), f"Rust {used} is older than {required}"
    final = instructions()
    assert (final["USER"], final["VOLUME"], final["FROM"]) == ("65532:65532", "/data", "scratch"), final
    return f"Dockerfile: Rust {used}, at least {required}"


def check_settings(_binary, _folder, _cleanup):
    """Every variable of the examples is a setting of .env.example."""
    known = set(re.findall(r"^# ([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    lines = re.findall(r"^Environment=(.*)$", (PACKAGING / "daypass.service").read_text(), re.M)
    used = {word.split("=")[0] for line in lines for word in shlex.split(line)} | set(environment())
    used |= {name for file in COMPOSE for service in replicas(file).values() for name in service["environment"]}
    unknown = {name for name in used if name not in known and name.removesuffix("_FILE") not in known}
    assert not unknown, f"not in .env.example: {', '.join(sorted(unknown))}"
    return f"settings: {len(used)} names are in .env.example"


def check_compose(_binary, _folder, _cleanup):
    for file in COMPOSE:
        content = compose(file)
        for name, service in content["services"].items():
            assert HARDENED.items() <= service.items(), f"{file}: {name} is not hardened"
            assert set(service.get("secrets", [])) <= set(content["secrets"]), f"{file}: {name} uses an unknown secret"
        networks = [network["ipam"] for network in content["networks"].values() if "ipam" in network]
        subnets = {entry["subnet"] for network in networks for entry in network["config"]}
        for name, service in replicas(file).items():
            assert int(service["stop_grace_period"].removesuffix("s")) >= SECONDS_TO_STOP, f"{file}: {name} is killed"
            assert service["environment"]["TRUSTED_PROXIES"] in subnets, f"{file}: {name} trusts another network"
    return f"compose files: {', '.join(COMPOSE)} are valid"


def check_workflows(_binary, _folder, _cleanup):
    for file in (ROOT / ".github/workflows").iterdir():
        content = yaml.safe_load(file.read_text())
        assert content["permissions"] == {"contents": "read"}, f"{file.name}: the default permissions are too broad"
        for action in re.findall(r"uses: (.*)", file.read_text()):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action), f"{file.name}: {action} is not pinned"
    return "workflows: valid YAML, pinned actions, read-only by default"


def check_caddyfile(_binary, folder, _cleanup):
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", PACKAGING / "Caddyfile"]
    run(*command, env=clean_environment(HOME=str(folder), SITE_ADDRESS="auth.example.com"))
    return "Caddyfile: valid"
