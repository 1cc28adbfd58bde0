-- Reads how many of a site's links may be drawn now, how many are not settled at all, when the next retry is due, and when
-- the next further visit is.
-- ARGV: epoch, site. What is to be visited again counts from the time when it is due.

if not is_open(ARGV[1]) then
  return 'closed'
end
local pending = prefix .. 'pending:' .. ARGV[2]
local moment = now()
local again = redis.call('ZCOUNT', prefix .. 'again:' .. ARGV[2], '-inf', moment)
local ready = redis.call('ZCOUNT', pending, '-inf', moment)
local later = redis.call('ZRANGEBYSCORE', pending, '(' .. moment, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local visit = redis.call('ZRANGEBYSCORE', prefix .. 'again:' .. ARGV[2], '(' .. moment, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { ready + again, redis.call('HLEN', prefix .. 'link:' .. ARGV[2]) + again, later[2] or '', visit[2] or '' }
