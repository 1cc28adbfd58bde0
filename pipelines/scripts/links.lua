-- Stands before every other script, after seen.lua: links that are owed a visit, and who makes it.
--
-- link:<site> (hash): URL's digest -> attempts (2 bytes), since (4 bytes, Unix seconds), what the listing said (JSON)
-- pending:<site> (sorted set): digest, by the time before which it may not be visited
-- claims (hash): digest -> "<token> <worker> <site>"
-- workers (set), worker:<id> (string that expires): who may hold claims, and who is alive
-- batches (hash): batch -> "<worker> <epoch>"; rows:<batch> (string): its rows, packed
-- prepared:url, prepared:id, prepared:text (hashes): digest, id, text hash -> the batch that is about to publish it
--
-- unknown or due -> pending (save_listing.lua) -> claimed (draw.lua) -> prepared (prepare.lua) -> settled (settle.lua)
-- claimed -> pending (give_back.lua); prepared -> claimed (abort.lua, open.lua); any -> claimed (reclaim.lua)
-- A link stays in link:<site> from pending to settled; in pending:<site> it stands only while it is not claimed.

local function beat(worker, lease_ms)
  redis.call('SET', prefix .. 'worker:' .. worker, '1', 'PX', lease_ms)
  redis.call('SADD', prefix .. 'workers', worker)
end

local function unmark(kind, field, batch)
  if redis.call('HGET', prefix .. kind, field) == batch then
    redis.call('HDEL', prefix .. kind, field)
  end
end

local function unmark_row(row, batch)
  unmark('prepared:url', row.digest, batch)
  if row.outcome == IS_ARTICLE then
    unmark('prepared:id', row.id, batch)
    unmark('prepared:text', row.text, batch)
  end
end

local function unmark_batch(batch)
  local rows = redis.call('GET', prefix .. 'rows:' .. batch) or ''
  local place = 1
  while place <= #rows do
    local row
    row, place = unpack_row(rows, place)
    unmark_row(row, batch)
  end
  redis.call('DEL', prefix .. 'rows:' .. batch, prefix .. 'near:batch:' .. batch)
  redis.call('HDEL', prefix .. 'batches', batch)
end
