-- Buys: a quote, then an order for it, one after the other on every connection (run with as many threads as connections). Only
-- the order is timed. Every order is for another item, <prefix>1 to <prefix><items>, shared out among the threads: nobody buys
-- the same twice. Arguments: tokens (joined by commas; a buyer
-- for each thread), collection, prefix, items, threads, licence.
local ffi = require("ffi")
ffi.cdef [[ typedef struct { long sec; long nsec; } bench_timespec; int clock_gettime(int clock, bench_timespec *out); ]]
local spec = ffi.new("bench_timespec")
local function now()
  ffi.C.clock_gettime(1, spec)
  return tonumber(spec.sec) * 1000 + tonumber(spec.nsec) / 1e6
end

local threads = {}
function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

function init(args)
  local tokens = {}
  for each in args[1]:gmatch("[^,]+") do tokens[#tokens + 1] = each end
  token, collection, prefix, licence = tokens[number % #tokens + 1], args[2], args[3], args[6]
  local share = math.floor(tonumber(args[4]) / tonumber(args[5]))
  item, last = number * share, (number + 1) * share
  quote, count, failed, times, key, start = nil, 0, 0, {}, 0, os.time()
end

local function post(path, body, idempotency)
  return wrk.format("POST", path, {
    ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json", ["Idempotency-Key"] = idempotency}, body)
end

function request()
  key = key + 1
  began = now()
  if not quote then
    if item < last then item = item + 1 end
    return post("/billing/v1/quotes", string.format('{"items":[{"collection":"%s","item":"%s%d"}]}', collection, prefix, item), nil)
  end
  return post("/billing/v1/orders", string.format('{"quote":"%s","accept_licences":["%s"]}', quote, licence),
    string.format("bench-%d-%d-%d", start, number, key))
end

function response(status, headers, body)
  if quote then
    if status == 201 then
      count = count + 1
      times[count] = now() - began
    else
      failed = failed + 1
      if failed == 1 then io.stderr:write("order: ", status, " ", body, "\n") end
    end
    quote = nil
  elseif status == 201 then
    quote = body:match('"quote"%s*:%s*"([^"]+)"')
  else
    failed = failed + 1
    if failed == 1 then io.stderr:write("quote: ", status, " ", body, "\n") end
  end
end

function done(summary, latency, requests)
  local all, bad = {}, 0
  for _, thread in ipairs(threads) do
    bad = bad + thread:get("failed")
    for _, ms in ipairs(thread:get("times")) do all[#all + 1] = ms end
  end
  table.sort(all)
  io.write(string.format('{"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}\n', #all,
    summary.duration / 1e6, all[math.max(1, math.ceil(#all * 0.5))] or 0, all[math.max(1, math.ceil(#all * 0.99))] or 0, bad))
end
