-- closed -> open, upwards only, and only on the server that was there before the epoch's entry was made.
-- ARGV: epoch, run_id seen before the entry, the entry; the log is replayed up to it.
-- `replaying` was set before the replay: where it is gone, so is some of what was replayed (emptied without a restart).
-- Batches of earlier epochs that the log does not have can no longer be published: prepared -> claimed for their rows.
-- Again: the gate is open in this epoch already.

if not is_live(ARGV[2]) then
  return 'restarted'
end
local gate = redis.call('HMGET', prefix .. 'gate', 'epoch', 'run_id', 'settled', 'replaying')
local epoch = tonumber(gate[1] or '0')
if epoch == tonumber(ARGV[1]) and gate[2] == ARGV[2] then
  return 'ok'
end
if epoch >= tonumber(ARGV[1]) then
  return 'later'
end
if gate[4] ~= ARGV[1] then
  return 'emptied'
end
for _, batch in ipairs(redis.call('HKEYS', prefix .. 'batches')) do
  redis.call('DEL', prefix .. 'rows:' .. batch, prefix .. 'near:batch:' .. batch)
end
redis.call('DEL', prefix .. 'batches', prefix .. 'prepared:url', prefix .. 'prepared:id', prefix .. 'prepared:text')
local settled = math.max(tonumber(gate[3] or '0'), tonumber(ARGV[3]))
redis.call('HSET', prefix .. 'gate', 'epoch', ARGV[1], 'run_id', ARGV[2], 'settled', settled)
redis.call('HDEL', prefix .. 'gate', 'replaying')
redis.call('ZREMRANGEBYSCORE', prefix .. 'ahead', '-inf', settled)
while redis.call('ZREM', prefix .. 'ahead', settled + 1) == 1 do
  settled = settled + 1
  redis.call('HSET', prefix .. 'gate', 'settled', settled)
end
return 'ok'
