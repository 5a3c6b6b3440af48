-- Makes wrk use many sessions in turn. The arguments are METHOD and FILE. Each line of FILE has the cookies of one
-- session.
local requests, index = {}, 0

function init(arguments)
  local method, file = arguments[1], arguments[2]
  for cookies in io.lines(file) do
    local headers, body = { Cookie = cookies }, nil
    -- Like a browser. Daypass rejects changes with a cookie if they come from another origin.
    if method ~= "GET" then
      headers["Content-Type"], headers["Sec-Fetch-Site"], body = "application/json", "same-origin", "{}"
    end
    requests[#requests + 1] = wrk.format(method, nil, headers, body)
  end
end

function request()
  index = index % #requests + 1
  return requests[index]
end
