-- Sends LIMIT requests, or as many as fit into SECONDS, and ends when each has its answer.
--
-- A connection that has nothing more to send is given an empty request, with which wrk leaves it
-- alone. So the server owes nothing when the load ends, and all its work belongs to an answer.

local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } bench_time;
int clock_gettime(int clock, bench_time *time);
int getpid(void);
int kill(int process, int signal);
]]

local MONOTONIC, SIGINT = 1, 2
-- Requests between two looks at the clock.
local GLANCE = 16

local clock = ffi.new("bench_time")
local formatted, count = {}, #REQUESTS
local verified, parked, started, number = false, 0, 0, 0

-- wrk has one state of Lua for each thread, and one more for done(): these are asked from there.
sent, elapsed = 0, nil

local function now()
  ffi.C.clock_gettime(MONOTONIC, clock)
  return tonumber(clock.seconds) + tonumber(clock.nanoseconds) * 1e-9
end

local function park()
  parked = parked + 1
  if parked == CONNECTIONS then
    sent, elapsed = number, now() - started
    wrk.thread:stop()
    -- The main thread of wrk sleeps until its time is over, or until this.
    ffi.C.kill(ffi.C.getpid(), SIGINT)
  end
  return ""
end

function setup(thread)
  worker = thread
end

function init()
  for index, request in ipairs(REQUESTS) do
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    for name, value in pairs(request[3]) do headers[name] = value end
    formatted[index] = wrk.format(request[1], request[2], headers, request[4])
  end
end

function request()
  if not verified then
    -- wrk looks at one request before it connects.
    verified = true
    return formatted[1]
  end
  if number == 0 then
    started = now()
  end
  if number >= LIMIT then
    return park()
  end
  if number % GLANCE == 0 and now() - started > SECONDS then
    LIMIT = number
    return park()
  end
  number = number + 1
  return formatted[(number - 1) % count + 1]
end

function done(summary, latency)
  local errors = summary.errors
  local seconds = worker:get("elapsed")
  io.write("\n", MARK, string.format(
    '{"sent": %d, "requests": %d, "seconds": %s, "p50": %d, "p99": %d, "errors": ' ..
    '{"refused": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}}\n',
    worker:get("sent"), summary.requests, seconds and string.format("%.6f", seconds) or "null",
    latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout
  ))
end
