-- Closes the host ARGV[1] for ARGV[2] milliseconds; '' for the back-off: ARGV[3] ms, twice as long at each strike in a
-- row, at most ARGV[4] ms; of what the host asks for, twice as long from the fourth in a row on, up to the same. A host that is closed already gets no further strike, and is never opened sooner.
-- KEYS[1] closed (sorted set: host -> Unix milliseconds), KEYS[2] why (hash: host -> strikes and reason), ARGV[5] reason.
-- What has been open again for a day is forgotten. Gives when the host is open again.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, host in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - 86400000, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[1], host)
  redis.call('HDEL', KEYS[2], host)
end
local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
local why = redis.call('HGET', KEYS[2], ARGV[1])
local strikes = tonumber(why and string.match(why, '^%d+') or 0)
if before <= now then strikes = strikes + 1 end
local asked = tonumber(ARGV[2])
local ms
if asked then
  -- What it asks for is kept to; beyond the third time in a row, it is plainly too short.
  ms = math.max(asked, math.min(asked * 2 ^ math.min(math.max(strikes - 3, 0), 30), tonumber(ARGV[4])))
else
  ms = math.min(ARGV[3] * 2 ^ math.min(math.max(strikes, 1) - 1, 30), tonumber(ARGV[4]))
end
-- While it is closed, only what the host itself asks for makes it longer.
if before > now and not asked then ms = 0 end
local open_at = math.max(before, math.floor(now + ms))
redis.call('ZADD', KEYS[1], open_at, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], strikes .. ' ' .. ARGV[5])
return open_at - now
