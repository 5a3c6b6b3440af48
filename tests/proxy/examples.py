"""Sends requests through each proxy, configured with the files of docs/proxies. Only the addresses are replaced."""

import contextlib
import http.client
import http.server
import json
import subprocess
import threading

from support import ROOT, free_port, start_replica, wait_for

HOST = "app.example"
JSON = {"content-type": "application/json"}
PASSWORD = "correct horse battery staple"
SETTINGS = {"TRUSTED_PROXIES": "127.0.0.1", "ARGON2": "m=8,t=1,p=1", "RATE_LIMITS": "sign-up=3/1h"}
IDENTITY = ("x-auth-user-id", "x-auth-session-id", "x-auth-expires-at", "x-auth-roles")

# Each file is used as it is, in the smallest configuration that a proxy needs for it.
NGINX = (
    "daemon off; pid {home}/pid; error_log {home}/error.log; worker_processes 1; events {{}}\n"
    "http {{ access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;\n"
    "fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; include {example}; }}\n"
)
CADDY = "{{\n\tadmin off\n}}\nimport {example}\n"
PROXIES = {
    "nginx": (".conf", NGINX, ["nginx", "-c", "{main}", "-p", "{home}"]),
    "caddy": (".Caddyfile", CADDY, ["caddy", "run", "--adapter", "caddyfile", "--config", "{main}"]),
    "haproxy": (".cfg", "", ["haproxy", "-f", "{example}"]),
}


class Application(http.server.BaseHTTPRequestHandler):
    """Returns the head and the body of each request as JSON."""

    def respond(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        seen = {"method": self.command, "headers": [[n.lower(), v] for n, v in self.headers.items()], "body": body}
        content = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = respond

    def log_message(self, *_):
        pass


class Renewing(Application):
    """Responds like Daypass when it renews a token."""

    def do_GET(self):
        self.send_response(204)
        for name in IDENTITY:
            self.send_header(name, "7")
        self.send_header("set-cookie", "renewed=1")
        self.send_header("daypass-session-token", "renewed")
        self.end_headers()


def serve(handler, cleanup):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cleanup.callback(server.shutdown)
    return server.server_address[1]


def start_proxy(proxy, name, folder, daypass, application, cleanup):
    """Starts a proxy with docs/proxies/PROXY/NAME. Returns its port."""
    ending, main, command = PROXIES[proxy]
    home = folder / f"{proxy}-{name}-{daypass}"
    home.mkdir()
    port = free_port()
    replaced = {"127.0.0.1:3000": f"127.0.0.1:{daypass}", "127.0.0.1:8080": f"127.0.0.1:{application}"}
    replaced |= {":8000": f":{port}", "listen 8000": f"listen 127.0.0.1:{port}", "/etc/haproxy/": f"{home}/"}
    for source in (ROOT / "docs/proxies" / proxy).iterdir():
        text = source.read_text()
        for old, new in replaced.items():
            text = text.replace(old, new)
        (home / source.name).write_text(text)
    paths = {"home": str(home), "example": str(home / (name + ending)), "main": str(home / "main")}
    (home / "main").write_text(main.format(**paths))
    log = open(home / "log", "wb")
    environment = {"HOME": str(home), "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    arguments = [argument.format(**paths) for argument in command]
    process = subprocess.Popen(arguments, cwd=home, env=environment, stdout=log, stderr=log)
    cleanup.callback(process.wait)
    cleanup.callback(process.terminate)
    path = "/health/ready" if name == "reverse-proxy" else "/api/sessions/current"

    def answers():
        assert process.poll() is None, (home / "log").read_text()
        return send(port, "GET", path)[0] in (200, 204, 401)

    wait_for(f"{proxy} answers with {name}", answers)
    return port


def send(port, method, path, headers=(), body=None, client="127.0.0.2"):
    """Sends a request from an address of this machine. Returns the status, the headers and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(client, 0))
    with contextlib.closing(connection):
        connection.putrequest(method, path, skip_host=True)
        fields = [("host", HOST), *(headers.items() if isinstance(headers, dict) else headers)]
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            fields += [("content-length", str(len(content))), *JSON.items()]
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders(content)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()


def sign_up(port, name, headers=(), **options):
    carrier = options.pop("carrier", "bearer")
    account = {"username": name, "password": PASSWORD, "carrier": carrier}
    return send(port, "POST", "/api/users", headers, account, **options)


def check_client_address(port):
    """The rate limit counts by the address of the client, which the client cannot forge."""
    statuses = [sign_up(port, f"first{number}", client="127.0.0.3")[0] for number in range(3)]
    forged = sign_up(port, "first3", {"x-forwarded-for": "203.0.113.9"}, client="127.0.0.3")[0]
    other = sign_up(port, "second", client="127.0.0.4")[0]
    assert (statuses, forged, other) == ([201] * 3, 429, 201), (statuses, forged, other)


def check_cookie(port):
    """The proxy forwards `Host`, `Origin` and `Cookie`, so a page of the same origin can change something."""
    own = {"origin": f"https://{HOST}"}
    status, headers, _ = sign_up(port, "cookie", own, carrier="cookie")
    assert status == 201, status
    cookie = {"cookie": headers["set-cookie"].split(";")[0]}
    renamed = send(port, "PATCH", "/api/users/me", own | cookie, {"username": "cookie2"})[0]
    foreign = send(port, "PATCH", "/api/users/me", cookie | {"origin": "https://evil.example"}, {"username": "x"})[0]
    assert (renamed, foreign) == (200, 403), (renamed, foreign)
    return cookie


def check_forward_auth(port, cookie):
    """The application gets requests with an active session only, and the identity only from Daypass."""
    status, headers, body = send(port, "GET", "/reports")
    assert (status, headers["www-authenticate"]) == (401, 'Bearer realm="daypass"'), (status, headers, body)
    token = json.loads(sign_up(port, "forward")[2])["sessionToken"]
    bearer = ("authorization", f"Bearer {token}")
    status, genuine, _ = send(port, "GET", "/api/verify", [bearer])
    assert status in (200, 204), status
    # The user has no roles. nginx removes the empty header.
    assert genuine["x-auth-roles"] == "", genuine
    identity = sorted([name, genuine[name]] for name in IDENTITY if genuine[name])

    forged = [(spelling, "666") for name in IDENTITY for spelling in (name, name.replace("-", "_"), name.upper())]
    for fields in ([bearer], [bearer, *forged], [*forged, *forged, bearer]):
        status, _, body = send(port, "POST", "/reports?a=b", fields, {"some": "body"})
        assert status == 200, (status, fields)
        seen = json.loads(body)
        received = [pair for pair in seen["headers"] if pair[0].replace("_", "-").startswith("x-auth")]
        received = sorted(pair for pair in received if pair[1])
        assert (received, seen["method"], seen["body"]) == (identity, "POST", '{"some": "body"}'), seen

    with_cookie = [tuple(pair) for pair in cookie.items()]
    own = send(port, "POST", "/reports", [*with_cookie, ("sec-fetch-site", "same-origin")], {})[0]
    foreign = send(port, "POST", "/reports", [*with_cookie, ("sec-fetch-site", "cross-site")], {})[0]
    read = send(port, "GET", "/reports", [*with_cookie, ("sec-fetch-site", "cross-site")])[0]
    two = send(port, "GET", "/reports", [("cookie", f"{cookie['cookie']}; {cookie['cookie']}")])[0]
    assert (own, foreign, read, two) == (200, 403, 200, 401), (own, foreign, read, two)

    assert send(port, "DELETE", "/api/sessions/current", [bearer])[0] == 204
    assert send(port, "GET", "/reports", [bearer])[0] == 401, "a revoked token"
    assert send(port, "DELETE", "/api/sessions/current", [*with_cookie, ("sec-fetch-site", "same-origin")])[0] == 204
    status, headers, _ = send(port, "GET", "/reports", with_cookie)
    assert (status, "Max-Age=0" in headers["set-cookie"]) == (401, True), f"a revoked cookie: {headers}"


def check_renewed_token(port, proxy):
    """The client gets a renewed token. Caddy cannot add headers of the verification to the response."""
    status, headers, _ = send(port, "GET", "/reports")
    renewed = (headers["set-cookie"], headers["daypass-session-token"])
    assert (status, renewed) == (200, (None, None) if proxy == "caddy" else ("renewed=1", "renewed")), headers


def check(proxy, folder):
    with contextlib.ExitStack() as cleanup:
        daypass, process = start_replica(folder, f"daypass-{proxy}", cleanup, **SETTINGS)
        application = serve(Application, cleanup)
        port = start_proxy(proxy, "reverse-proxy", folder, daypass, application, cleanup)
        check_client_address(port)
        cookie = check_cookie(port)
        port = start_proxy(proxy, "forward-auth", folder, daypass, application, cleanup)
        check_forward_auth(port, cookie)
        process.kill()
        process.wait()
        status = send(port, "GET", "/reports", {"authorization": "Bearer x.y.z"})[0]
        assert status >= 500, f"without Daypass: {status}"
        port = start_proxy(proxy, "forward-auth", folder, serve(Renewing, cleanup), application, cleanup)
        check_renewed_token(port, proxy)
    print(f"{proxy}: the examples of docs/proxies work")
