-- any -> claimed, for the visits that a living worker is making, after Redis has lost some of what it knew.
-- ARGV: epoch, worker, lease in ms, packed visits (digest, token, since, site, what the listing said, attempts).
-- A URL that is settled, or claimed by another, is left alone: the worker's row will be refused.
-- Again: the claims are there, nothing happens.

if not is_open(ARGV[1]) then
  return 'closed'
end
local worker, visits, place, count = ARGV[2], ARGV[4], 1, 0
beat(worker, ARGV[3])
while place <= #visits do
  local digest, token, attempts, since, site, said
  digest, token, attempts, since, site, said, place = struct.unpack('>c16c32HI4Hc0I4c0', visits, place)
  if is_due(recall(digest), since) and redis.call('HSETNX', prefix .. 'claims', digest, token .. ' ' .. worker .. ' ' .. site) == 1 then
    redis.call('HSET', prefix .. 'link:' .. site, digest, struct.pack('>HI4', attempts, since) .. said)
    redis.call('ZREM', prefix .. 'pending:' .. site, digest)
    count = count + 1
  end
end
return count
