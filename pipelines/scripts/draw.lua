-- pending -> claimed.
-- ARGV: epoch, site, worker, lease in ms, name of this request, a token for each link wanted.
-- Gives token and stored link, in turns.
-- Again (the answer was lost): gives what the first call gave; drawn:<worker>:<site> keeps it for a lease.

if not is_open(ARGV[1]) then
  return 'closed'
end
local site, worker, lease_ms, request = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local pending, links = prefix .. 'pending:' .. site, prefix .. 'link:' .. site
local kept = prefix .. 'drawn:' .. worker .. ':' .. site
beat(worker, lease_ms)
local last = redis.call('GET', kept)
if last then
  last = cmsgpack.unpack(last)
  if last[1] == request then
    return last[2]
  end
end

local moment = now()
local drawn, token = {}, 6
wake(site, moment, 2 * (#ARGV - 5))
while token <= #ARGV do
  local ready = redis.call('ZRANGEBYSCORE', pending, '-inf', moment, 'LIMIT', 0, #ARGV - token + 1)
  if #ready == 0 then
    break
  end
  for _, digest in ipairs(ready) do
    local link = redis.call('HGET', links, digest)
    if not link or not is_due(recall(digest), (select(2, struct.unpack('>HI4', link)))) then
      -- Visited through another site's listing since.
      redis.call('ZREM', pending, digest)
      redis.call('HDEL', links, digest)
      redis.call('HDEL', prefix .. 'again-link:' .. site, digest)
    elseif redis.call('HEXISTS', prefix .. 'claims', digest) == 1 then
      -- Being visited through another site's listing: look again in five seconds.
      redis.call('ZADD', pending, moment + 5, digest)
    else
      redis.call('HSET', prefix .. 'claims', digest, ARGV[token] .. ' ' .. worker .. ' ' .. site)
      redis.call('ZREM', pending, digest)
      drawn[#drawn + 1] = ARGV[token]
      drawn[#drawn + 1] = link
      token = token + 1
    end
  end
end
redis.call('SET', kept, cmsgpack.pack({ request, drawn }), 'PX', lease_ms)
return drawn
