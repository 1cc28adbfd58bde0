-- Ends the turn that the request ARGV[2] of the worker ARGV[1] took; it was sent ARGV[3] milliseconds ago.
-- KEYS: those of turns.lua. A turn that is another's by now stays as it is.
local time = redis.call('TIME')
local sent = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[3]
for _, key in ipairs(KEYS) do
  local worker, request, at = unpack(redis.call('HMGET', key, 'worker', 'request', 'at'))
  if worker == ARGV[1] and request == ARGV[2] then
    redis.call('HDEL', key, 'worker', 'request', 'over')
    if sent > tonumber(at) then redis.call('HSET', key, 'at', sent) end
  end
end
return 1
