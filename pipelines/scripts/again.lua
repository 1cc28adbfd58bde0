-- Stands before every other script, after near.lua: articles that are to be visited again.
--
-- again:<site> (sorted set): URL's digest, by the time of its next visit
-- again-link:<site> (hash): digest -> when its first revision was fetched (4 bytes), what its listing said (JSON)
--
-- settled -> waiting for its time (settle.lua) -> pending (draw.lua); the entry in again-link stays until the last visit.
-- These links are owed nothing until their time has come: pending:<site> does not count them.

-- The visit after this row, by the schedule: packed seconds after the first revision, rising. None of a page that is
-- gone or forbidden, and none whose whole schedule is a day over.
local function plan_visit(row, said, schedule)
  local times, links = prefix .. 'again:' .. row.site, prefix .. 'again-link:' .. row.site
  local kept = redis.call('HGET', links, row.digest)
  local first = row.time
  if kept then
    first = struct.unpack('>I4', kept)
    said = string.sub(kept, 5)
  elseif row.outcome ~= IS_ARTICLE or not begins_life(row.revision) or not said then
    return
  end
  local due, last
  for place = 1, #schedule, 4 do
    last = first + struct.unpack('>I4', schedule, place)
    if not due and last > row.time then
      due = last
    end
  end
  if not due or row.outcome == IS_GONE or row.outcome == IS_BLOCKED or last + 86400 < now() then
    redis.call('HDEL', links, row.digest)
    redis.call('ZREM', times, row.digest)
    return
  end
  redis.call('HSET', links, row.digest, struct.pack('>I4', first) .. said)
  redis.call('ZADD', times, 'GT', due, row.digest)
end

-- Makes links pending whose time has come; gives how many.
local function wake(site, moment, most)
  local times = prefix .. 'again:' .. site
  local due = redis.call('ZRANGEBYSCORE', times, '-inf', moment, 'WITHSCORES', 'LIMIT', 0, most)
  for index = 1, #due, 2 do
    local digest, since = due[index], math.floor(tonumber(due[index + 1]))
    local kept = redis.call('HGET', prefix .. 'again-link:' .. site, digest)
    if kept and redis.call('HEXISTS', prefix .. 'link:' .. site, digest) == 0 then
      redis.call('HSET', prefix .. 'link:' .. site, digest, struct.pack('>HI4', 0, since) .. string.sub(kept, 5))
      redis.call('ZADD', prefix .. 'pending:' .. site, moment, digest)
    end
    redis.call('ZREM', times, digest)
  end
  return #due / 2
end
