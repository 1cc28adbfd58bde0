-- unknown or due -> pending, and the listing's validators with it.
-- ARGV: epoch, site, packed links (digest, since, what the listing said), digest of the listing, validators ('' keeps what is stored,
-- '-' forgets it). Gives how many were new, due and known.
-- Again: all are known; the validators are the same.

if not is_open(ARGV[1]) then
  return 'closed'
end
local site, links, place = ARGV[2], ARGV[3], 1
local new, due, known = 0, 0, 0
local moment = now()
while place <= #links do
  local digest, since, said
  digest, since, said, place = struct.unpack('>c16I4I4c0', links, place)
  local stored = redis.call('HGET', prefix .. 'link:' .. site, digest)
  local entry = recall(digest)
  if stored then
    known = known + 1
    local attempts, before = struct.unpack('>HI4', stored)
    if since > before then
      -- Claimed just now, perhaps fetched before the change: settle.lua makes it pending again.
      redis.call('HSET', prefix .. 'link:' .. site, digest, struct.pack('>HI4', attempts, since) .. string.sub(stored, 7))
    end
  elseif not is_due(entry, since) then
    known = known + 1
    if entry.key ~= shard('seen', find_generations().last, digest) then
      -- It is still listed: it outlives the generation that it was remembered in.
      remember(digest, entry)
    end
  elseif redis.call('HEXISTS', prefix .. 'claims', digest) == 1 then
    known = known + 1
  else
    redis.call('HSET', prefix .. 'link:' .. site, digest, struct.pack('>HI4', 0, since) .. said)
    redis.call('ZADD', prefix .. 'pending:' .. site, moment, digest)
    if entry.time then
      due = due + 1
    else
      new = new + 1
    end
  end
end
if ARGV[5] == '-' then
  redis.call('HDEL', prefix .. 'listings:' .. site, ARGV[4])
elseif ARGV[5] ~= '' then
  redis.call('HSET', prefix .. 'listings:' .. site, ARGV[4], ARGV[5])
end
return { new, due, known }
