-- A script for wrk: sends the requests of a file in turn, and says what came of them.
--
-- wrk … -s wrk.lua http://127.0.0.1:8000 -- FILE
--
-- Each line of the file has a method, an address, a Cookie header and a body, with tabs between.

local requests = {}
local at = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, cookie, body = line:match("^(.-)\t(.-)\t(.-)\t(.*)$")
    local headers = {
      ["Accept"] = "text/html",
      ["Cookie"] = cookie,
      ["Sec-Fetch-Site"] = "same-origin",
    }
    if body ~= "" then
      headers["Content-Type"] = "application/x-www-form-urlencoded"
    end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers": %d, "seconds": %f, "p50": %f, "p99": %f, "bytes": %d, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6,
    latency:percentile(99) / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
