"""A rolling restart behind Caddy with the Caddyfile and the SHUTDOWN_DELAY of the image: no request fails."""

import threading
import time

from image import environment
from support import PACKAGING, SECRET, Service, call, clean_environment, free_port, sign_up

# Caddy checks the health of a replica every second.
SECONDS_UNTIL_SEEN = 3


def start(binary, folder, port, cleanup):
    """Starts a replica. Both replicas use the same database file."""
    delay = environment()["SHUTDOWN_DELAY"]
    settings = clean_environment(PORT=str(port), JWT_SECRET=SECRET, SHUTDOWN_DELAY=delay, TRUSTED_PROXIES="127.0.0.1")
    service = Service([binary], port, folder / f"{port}.log", cleanup, cwd=folder, env=settings)
    service.wait_until_ready()
    return service


def start_caddy(folder, ports, cleanup):
    port, config = free_port(), folder / "Caddyfile"
    text = (PACKAGING / "Caddyfile").read_text()
    for number, replica in enumerate(ports, 1):
        text = text.replace(f"daypass-{number}:3000", f"127.0.0.1:{replica}")
    config.write_text("{\n\tadmin off\n}\n" + text)
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", config]
    settings = clean_environment(HOME=str(folder), SITE_ADDRESS=f"http://127.0.0.1:{port}")
    caddy = Service(command, port, folder / "caddy.log", cleanup, env=settings)
    caddy.wait_until_ready()
    return caddy


def check(binary, folder, cleanup):
    ports = [free_port(), free_port()]
    services = [start(binary, folder, port, cleanup) for port in ports]
    caddy = start_caddy(folder, ports, cleanup)
    token = sign_up(caddy.port)
    statuses, stop = [], threading.Event()

    def send_requests():
        while not stop.is_set():
            # Caddy does not repeat a POST that a replica has not answered.
            time.sleep(0.01)
            statuses.append(call(caddy.port, "POST", "/api/items", token, {"name": "a lantern"})[0])

    client = threading.Thread(target=send_requests)
    client.start()
    try:
        for index, port in enumerate(ports):
            services[index].stop()
            services[index] = start(binary, folder, port, cleanup)
            time.sleep(SECONDS_UNTIL_SEEN)
    finally:
        stop.set()
        client.join()
    for service in services:
        service.kill()
    assert set(statuses) == {201}, f"{len(statuses)} requests: {sorted(set(statuses))}"
    return f"Caddy: {len(statuses)} requests during a rolling restart, none failed"
