-- Keeps of a link that is taken down nothing but its digest, wherever what its listing said of it stands.
-- ARGV: epoch, site, digest, what was said, what is said from now on. It stays pending or claimed, as it was;
-- a page that was to be visited again is not.
-- Again: what was said is gone already.

if not is_open(ARGV[1]) then
  return 'closed'
end
local site, digest, before, after = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local links = prefix .. 'link:' .. site
local link = redis.call('HGET', links, digest)
if link and string.sub(link, 7) == before then
  redis.call('HSET', links, digest, string.sub(link, 1, 6) .. after)
end
local again = redis.call('HGET', prefix .. 'again-link:' .. site, digest)
if again and string.sub(again, 5) == before then
  redis.call('HSET', prefix .. 'again-link:' .. site, digest, string.sub(again, 1, 4) .. after)
end
local again = redis.call('HGET', prefix .. 'again-link:' .. site, digest)
if again and string.sub(again, 5) == before then
  redis.call('HDEL', prefix .. 'again-link:' .. site, digest)
  redis.call('ZREM', prefix .. 'again:' .. site, digest)
end
for _, worker in ipairs(redis.call('SMEMBERS', prefix .. 'workers')) do
  local kept = prefix .. 'drawn:' .. worker .. ':' .. site
  local last = redis.call('GET', kept)
  if last then
    last = cmsgpack.unpack(last)
    for place = 2, #last[2], 2 do
      if string.sub(last[2][place], 7) == before then
        last[2][place] = string.sub(last[2][place], 1, 6) .. after
      end
    end
    redis.call('SET', kept, cmsgpack.pack(last), 'KEEPTTL')
  end
end
return 'ok'
