-- claimed -> pending, unless the claim is another's by now or its row is about to be published.
-- ARGV: epoch, packed claims (digest, token, delay in ms, attempts to add). Gives how many went back.
-- Again: the claims are gone, nothing happens.

if not is_open(ARGV[1]) then
  return 'closed'
end
local claims, place, count = ARGV[2], 1, 0
local moment = now()
while place <= #claims do
  local digest, token, delay_ms, tried
  digest, token, delay_ms, tried, place = struct.unpack('>c16c32I4B', claims, place)
  local claim = redis.call('HGET', prefix .. 'claims', digest)
  if claim and string.sub(claim, 1, 32) == token and redis.call('HEXISTS', prefix .. 'prepared:url', digest) == 0 then
    local site = string.match(claim, '^%S+ %S+ (.*)$')
    local link = redis.call('HGET', prefix .. 'link:' .. site, digest)
    redis.call('HDEL', prefix .. 'claims', digest)
    if link then
      local attempts = struct.unpack('>H', link)
      attempts = math.min(attempts + tried, 65535)
      redis.call('HSET', prefix .. 'link:' .. site, digest, struct.pack('>H', attempts) .. string.sub(link, 3))
      redis.call('ZADD', prefix .. 'pending:' .. site, moment + delay_ms / 1000, digest)
    end
    count = count + 1
  end
end
return count
