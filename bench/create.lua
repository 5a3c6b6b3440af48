-- Makes wrk create items.
wrk.method = "POST"
wrk.body = '{"name":"buy a lantern"}'
wrk.headers["Content-Type"] = "application/json"
