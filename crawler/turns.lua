-- Takes a turn of a site and of a host for the request ARGV[2] of the worker ARGV[1], or says how long to wait for it.
-- KEYS: a hash each: `at` (when the last request was sent, Unix milliseconds), `delay` (that it was paced by), and while
-- one is under way `worker`, `request` and `over` (when it is taken for lost). ARGV[3]: our delay, ARGV[4]: how long a
-- request may be under way, both in ms; ARGV[5]: the prefix of the heartbeat keys: a dead worker has nothing under way
-- that is older than ARGV[6] ms; what is younger may be of one that lives, and whose heartbeat is late.
-- Gives 0 for a turn, else milliseconds after which to ask again.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local delay, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local wait = 0
for _, key in ipairs(KEYS) do
  local at, before, worker, over = unpack(redis.call('HMGET', key, 'at', 'delay', 'worker', 'over'))
  if at then wait = math.max(wait, at + math.max(tonumber(before), delay) - now) end
  if worker and tonumber(over) > now then
    local is_young = at and now < at + tonumber(ARGV[6])
    if is_young or redis.call('EXISTS', ARGV[5] .. worker) == 1 then wait = math.max(wait, 50) end
  end
end
if wait > 0 then return math.ceil(wait) end
for _, key in ipairs(KEYS) do
  redis.call('HSET', key, 'at', now, 'delay', delay, 'worker', ARGV[1], 'request', ARGV[2], 'over', now + most)
  redis.call('PEXPIRE', key, delay + most)
end
return 0
