-- Begins a new generation, or ends the oldest one: what is only in that is forgotten.
-- ARGV: epoch, first and last generation as they are now, as they are to be. Gives whether that was done.
-- Again: they are not as said any more, nothing happens.

if not is_open(ARGV[1]) then
  return 'closed'
end
local now_there = find_generations()
if now_there.first ~= tonumber(ARGV[2]) or now_there.last ~= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', prefix .. 'generations', 'first', ARGV[4], 'last', ARGV[5])
return 1
