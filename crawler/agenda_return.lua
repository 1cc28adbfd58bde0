-- Returns the site ARGV[1] of the worker ARGV[2], due again in ARGV[3] milliseconds.
-- KEYS[1] due times (sorted set), KEYS[2] leases (hash: site -> worker).
-- Answers 1; 0 if the lease is another's by now, and then changes nothing.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
local time = redis.call('TIME')
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3]), ARGV[1])
return 1
