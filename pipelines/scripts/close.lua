-- open -> closed, where the log has a later epoch than Redis.
-- ARGV: the later epoch. Again, or when it has been opened since: nothing happens.

if tonumber(redis.call('HGET', prefix .. 'gate', 'epoch') or '0') < tonumber(ARGV[1]) then
  redis.call('HDEL', prefix .. 'gate', 'run_id')
end
return 'ok'
