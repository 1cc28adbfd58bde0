-- Returns the site ARGV[1] of the worker ARGV[2], due again at ARGV[3], in Unix milliseconds of this server, with the
-- state ARGV[4]; '' keeps what is stored.
-- KEYS[1] due times (sorted set), KEYS[2] leases (hash: site -> worker), KEYS[3] states (hash: site -> packed).
-- Answers 1; 0 if the lease is another's by now, and then changes nothing.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[3], ARGV[1], ARGV[4]) end
return 1
