-- Makes the site ARGV[1] due at ARGV[2], in Unix milliseconds, unless a living worker has it.
-- KEYS[1] due times (sorted set), KEYS[2] leases (hash: site -> worker); ARGV[3] is the prefix of the heartbeat keys.
-- Answers 1; 0 if it is held: its worker decides when it is due.
local holder = redis.call('HGET', KEYS[2], ARGV[1])
if holder and redis.call('EXISTS', ARGV[3] .. holder) == 1 then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
