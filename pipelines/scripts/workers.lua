-- Forgets workers that are gone and hold nothing: those whose heartbeat has come back are kept.
-- ARGV: epoch, worker ids. Again: they are gone already.

if not is_open(ARGV[1]) then
  return 'closed'
end
for index = 2, #ARGV do
  if redis.call('EXISTS', prefix .. 'worker:' .. ARGV[index]) == 0 then
    redis.call('SREM', prefix .. 'workers', ARGV[index])
  end
end
return 'ok'
