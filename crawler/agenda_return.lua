-- Returns the site ARGV[1] of the worker ARGV[2], due again at ARGV[3], in Unix milliseconds of this server, with the
-- state ARGV[4] and the memory ARGV[5] that it is watched by, each '' to keep what is stored.
-- ARGV[6] names its open alerts, '' where none is; then come the messages of alerts: field and value in turns.
-- KEYS[1] due times (sorted set), KEYS[2] leases (hash: site -> worker), KEYS[3] states (hash: site -> packed),
-- KEYS[4] memories (hash: site -> packed), KEYS[5] open alerts (hash: site -> monitors), KEYS[6] messages (hash).
-- Answers 1; 0 if the lease is another's by now, and then changes nothing.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[3], ARGV[1], ARGV[4]) end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[4], ARGV[1], ARGV[5])
  if ARGV[6] ~= '' then
    redis.call('HSET', KEYS[5], ARGV[1], ARGV[6])
  else
    redis.call('HDEL', KEYS[5], ARGV[1])
  end
  for i = 7, #ARGV, 2 do redis.call('HSET', KEYS[6], ARGV[i], ARGV[i + 1]) end
end
return 1
