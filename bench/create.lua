-- Turns wrk's GET into the creation of an item.
wrk.method = "POST"
wrk.body = '{"name":"buy a lantern"}'
wrk.headers["Content-Type"] = "application/json"
