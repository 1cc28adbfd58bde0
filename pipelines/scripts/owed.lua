-- Reads how many of a site's links were never visited: listed, and without an outcome.
-- ARGV: epoch, site, where to go on ('0': at the start). Gives where to go on ('0': that was all) and how many.

if not is_open(ARGV[1]) then
  return 'closed'
end
local step = redis.call('HSCAN', prefix .. 'link:' .. ARGV[2], ARGV[3], 'COUNT', 500)
local count = 0
for place = 1, #step[2], 2 do
  if not recall(step[2][place]).time then
    count = count + 1
  end
end
return { step[1], count }
