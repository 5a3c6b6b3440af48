-- wrk for many sessions in turn: `-- METHOD FILE`, a line of FILE for each session, its cookies. A body
-- and what a browser says of itself go with what is not a GET.
local requests, turn = {}, 0

function init(arguments)
  local method, file = arguments[1], arguments[2]
  for cookies in io.lines(file) do
    local headers, body = { Cookie = cookies }, nil
    if method ~= "GET" then
      headers["Content-Type"], headers["Sec-Fetch-Site"], body = "application/json", "same-origin", "{}"
    end
    requests[#requests + 1] = wrk.format(method, nil, headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
