-- Asks Daypass whether a request has an active session.

local VERIFY = "http://127.0.0.1:3000/api/verify"
local SENT = { "authorization", "cookie", "host", "origin", "sec-fetch-site" }
local IDENTITY = { "x-auth-user-id", "x-auth-session-id", "x-auth-expires-at", "x-auth-roles" }
local RENEWED = { ["txn.renewed_cookie"] = "set-cookie", ["txn.renewed_token"] = "daypass-session-token" }

local function verify(txn)
  local received = txn.http:req_get_headers()
  local headers = { ["x-original-method"] = { txn.sf:method() }, ["x-forwarded-for"] = { txn.sf:src() } }
  for _, name in ipairs(SENT) do
    for _, value in pairs(received[name] or {}) do
      headers[name] = headers[name] or {}
      table.insert(headers[name], value)
    end
  end

  local response = core.httpclient():get { url = VERIFY, headers = headers, timeout = 5000 }
  if response.status == 204 then
    for _, name in ipairs(IDENTITY) do
      local values = response.headers[name]
      if values then
        txn.http:req_set_header(name, values[0])
      end
    end
    for variable, name in pairs(RENEWED) do
      local values = response.headers[name]
      if values then
        txn:set_var(variable, values[0])
      end
    end
    return
  end

  -- Reject the request for any other status, and if the connection fails.
  local rejected = response.status == 401 or response.status == 403
  local reply = txn:reply { status = rejected and response.status or 503 }
  for _, name in ipairs { "www-authenticate", "set-cookie" } do
    for _, value in pairs((response.headers or {})[name] or {}) do
      reply:add_header(name, value)
    end
  end
  txn:done(reply)
end

core.register_action("verify", { "http-req" }, verify, 0)
