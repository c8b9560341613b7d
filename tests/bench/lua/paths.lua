-- Asks for the lines of a file in turn, each thread from a place of its own. Arguments: file, token or "-", "fresh" to make every
-- address unlike any before, so that no cache can answer.
local thread_count = 0
function setup(thread)
  thread:set("number", thread_count)
  thread_count = thread_count + 1
end

function init(args)
  paths = {}
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  headers = {}
  if args[2] and args[2] ~= "-" then headers["Authorization"] = "Bearer " .. args[2] end
  fresh = args[3] == "fresh" and os.time() or nil
  at = number * 7919
end

function request()
  at = at + 1
  local path = paths[at % #paths + 1]
  if fresh then path = path .. (path:find("?", 1, true) and "&" or "?") .. "n=" .. fresh .. "." .. number .. "." .. at end
  return wrk.format("GET", path, headers)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
