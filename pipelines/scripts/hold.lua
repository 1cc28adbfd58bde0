-- open or closed -> held: closed for all workers, while one writer brings rows to the log and here (pipelines/held.py).
-- ARGV: the writer's epoch, which is the log's latest; a step; what that needs.
--   begin           shuts the gate, and notes for whom
--   done <entry> <run_id>   all up to this entry is remembered, if the server's process is still that one
--   mark <entry>…   so are these, beside others
-- Gives 'closed' where another writer or worker has come since, or this server was emptied.
-- Again: nothing changes.

local epoch, step = ARGV[1], ARGV[2]
local gate = redis.call('HMGET', prefix .. 'gate', 'epoch', 'replaying')
if tonumber(gate[1] or '0') >= tonumber(epoch) or tonumber(gate[2] or '0') > tonumber(epoch) then
  return 'closed'
end
if step == 'begin' then
  redis.call('HDEL', prefix .. 'gate', 'run_id')
  redis.call('HSET', prefix .. 'gate', 'replaying', epoch)
  return 'ok'
end
if gate[2] ~= epoch then
  return 'closed'
end
if step == 'done' then
  if not is_live(ARGV[4]) then
    return 'closed'
  end
  redis.call('HSET', prefix .. 'gate', 'settled', ARGV[3])
  redis.call('ZREMRANGEBYSCORE', prefix .. 'ahead', '-inf', ARGV[3])
  return 'ok'
end
for index = 3, #ARGV do
  advance_settled(tonumber(ARGV[index]))
end
return 'ok'
