-- Remembers what another Redis of this log remembered, and never less than before.
-- ARGV: epoch, packed entries: digest, outcome (0: not visited), time, revision (0: no article), check, whether it has an
-- owner, owner; packed texts: hash, id.
-- Again: nothing changes.

if not is_open(ARGV[1]) then
  return 'closed'
end
local entries, place = ARGV[2], 1
while place <= #entries do
  local digest, outcome, time, revision, check, is_owned, owner
  digest, outcome, time, revision, check, is_owned, owner, place = struct.unpack('>c16BI4Hc3Bc3', entries, place)
  local entry = recall(digest)
  local is_known = entry.revision ~= nil
  if outcome > 0 and time > (entry.time or -1) then
    entry.outcome, entry.time = outcome, time
  end
  if revision > (entry.revision or 0) then
    entry.revision, entry.check = revision, check
    if is_owned == 1 and not is_known then
      entry.owner = owner
    end
  end
  if entry.time or entry.revision then
    remember(digest, entry)
  end
end
local texts
texts, place = ARGV[3], 1
while place <= #texts do
  local text, id
  text, id, place = struct.unpack('>c8c6', texts, place)
  if not redis.call('HGET', shard('text', find_generations().last, text), string.sub(text, 3, 8)) then
    redis.call('HSET', shard('text', find_generations().last, text), string.sub(text, 3, 8), id)
  end
end
return 'ok'
