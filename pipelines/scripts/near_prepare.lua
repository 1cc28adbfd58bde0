-- Before prepare.lua: marks the articles of a batch, so that whoever has nearly the same text waits for it.
-- ARGV: epoch, batch, worker, lease in ms, the rule of near-duplicates, number of the first trace, packed traces.
-- Gives number and reason of each refused one, in turns:
--   busy   another batch is about to publish nearly the same text
--   stale  nearly the same text has been settled since the row was written: it must say something else
-- Again: the marks are there. They go with the batch (links.lua, open.lua, settle.lua).

if not is_open(ARGV[1]) then
  return 'closed'
end
local batch, worker, rule, number, traces = ARGV[2], ARGV[3], unpack_rule(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
beat(worker, ARGV[4])
redis.call('HSET', prefix .. 'batches', batch, worker .. ' ' .. ARGV[1])

local function find_reason(trace)
  if trace.always == 0 and recall(trace.id).revision then
    return nil
  end
  if is_near_prepared(rule, trace, batch) then
    return 'busy'
  end
  local near = find_near(rule, trace)
  return near and near.id ~= trace.of and 'stale' or nil
end

local answer, place = {}, 1
while place <= #traces do
  local trace
  trace, place = unpack_trace(traces, place)
  local reason = find_reason(trace)
  if reason then
    answer[#answer + 1] = number
    answer[#answer + 1] = reason
  else
    mark_near(rule, trace, batch, number)
  end
  number = number + 1
end
return answer
