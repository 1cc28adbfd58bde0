-- claimed -> prepared, row by row: URL, id and text together or none of them.
-- ARGV: epoch, batch, worker, lease in ms, packed rows. Gives index (from 1) and reason of each refused row, in turns:
--   claim     the claim is another's, or its URL is about to be published by another batch
--   busy      another batch is about to publish the id or the text
--   stale     the id or the text has been settled since the row was written: it must say something else
--   original  it is a duplicate of a row of this batch that is refused
-- Again: a row that this batch has prepared is prepared.

if not is_open(ARGV[1]) then
  return 'closed'
end
local batch, worker, rows = ARGV[2], ARGV[3], ARGV[5]
beat(worker, ARGV[4])
redis.call('HSET', prefix .. 'batches', batch, worker .. ' ' .. ARGV[1])
redis.call('SET', prefix .. 'rows:' .. batch, rows)

local function is_others(kind, field)
  local mark = redis.call('HGET', prefix .. kind, field)
  return mark and mark ~= batch
end

local function find_reason(row, refused)
  local claim = redis.call('HGET', prefix .. 'claims', row.digest)
  if not claim or string.sub(claim, 1, 32) ~= row.token or is_others('prepared:url', row.digest) then
    return 'claim'
  end
  if refused[row.original] then
    return 'original'
  end
  if row.outcome ~= IS_ARTICLE then
    return nil
  end
  if is_others('prepared:id', row.id) or is_others('prepared:text', row.text) then
    return 'busy'
  end
  local entry, owner = recall(row.id), text_owner(row.text, row.id)
  if row.revision ~= (entry.revision or last_lost_revision()) + 1 or (entry.revision and not is_owner(row.digest, row.id, entry)) then
    return 'stale'
  end
  if owner and (owner ~= row.id or entry.check == row.check) then
    return 'stale'
  end
  return nil
end

local refused, answer, place, index = {}, {}, 1, 0
while place <= #rows do
  local row
  row, place = unpack_row(rows, place)
  index = index + 1
  local reason = find_reason(row, refused)
  if reason then
    refused[index] = true
    answer[#answer + 1] = index
    answer[#answer + 1] = reason
    unmark_row(row, batch)
  else
    redis.call('HSET', prefix .. 'prepared:url', row.digest, batch)
    if row.outcome == IS_ARTICLE then
      redis.call('HSET', prefix .. 'prepared:id', row.id, batch)
      redis.call('HSET', prefix .. 'prepared:text', row.text, batch)
    end
  end
end
return answer
