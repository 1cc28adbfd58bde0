-- Reads the links that a worker was given by its last draw of a site, as long as that is kept (draw.lua).
-- ARGV: epoch, worker, site.

if not is_open(ARGV[1]) then
  return 'closed'
end
local last = redis.call('GET', prefix .. 'drawn:' .. ARGV[2] .. ':' .. ARGV[3])
local links = {}
if last then
  local drawn = cmsgpack.unpack(last)[2]
  for place = 2, #drawn, 2 do
    links[#links + 1] = drawn[place]
  end
end
return links
