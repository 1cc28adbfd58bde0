-- prepared, or anything else after a loss -> settled: what the log says is remembered, and never less than before.
-- ARGV: epoch, 'settle' or 'replay', batch, log entry ('': not all of its rows yet), packed rows of that entry, the
-- schedule of further visits (again.lua).
-- Again: nothing changes.

if not may_settle(ARGV[1], ARGV[2]) then
  return 'closed'
end
local replay = ARGV[2] == 'replay'
local batch, rows, schedule, place = ARGV[3], ARGV[5], ARGV[6], 1
local moment = now()
while place <= #rows do
  local row
  row, place = unpack_row(rows, place)
  local entry = recall(row.digest)
  if row.time >= (entry.time or 0) then
    entry.time, entry.outcome = row.time, row.outcome
  end
  if row.outcome == IS_ARTICLE then
    local article = row.id == row.digest and entry or recall(row.id)
    if row.revision > (article.revision or 0) then
      if not article.revision and row.id ~= row.digest then
        article.owner = string.sub(row.digest, 1, 3)
      end
      article.revision, article.check = row.revision, row.check
    end
    if row.id ~= row.digest then
      remember(row.id, article)
    end
  end
  remember(row.digest, entry)
  if row.outcome == IS_ARTICLE then
    remember_text(row.text, row.id)
  end
  unmark_row(row, batch)

  local claim = redis.call('HGET', prefix .. 'claims', row.digest)
  if claim and (replay or string.sub(claim, 1, 32) == row.token) then
    redis.call('HDEL', prefix .. 'claims', row.digest)
    claim = nil
  end
  local links, pending = prefix .. 'link:' .. row.site, prefix .. 'pending:' .. row.site
  local link = redis.call('HGET', links, row.digest)
  plan_visit(row, link and string.sub(link, 7) or (row.said ~= '' and row.said), schedule)
  if link and not claim then
    local since = select(2, struct.unpack('>HI4', link))
    if is_due(entry, since) then
      -- Changed while it was being visited, by what a listing has said since.
      redis.call('HSET', links, row.digest, struct.pack('>H', 0) .. string.sub(link, 3))
      redis.call('ZADD', pending, moment, row.digest)
    else
      redis.call('HDEL', links, row.digest)
      redis.call('ZREM', pending, row.digest)
    end
  end
end

if ARGV[4] ~= '' then
  redis.call('DEL', prefix .. 'rows:' .. batch, prefix .. 'near:batch:' .. batch)
  redis.call('HDEL', prefix .. 'batches', batch)
  advance_settled(tonumber(ARGV[4]))
end
return 'ok'
