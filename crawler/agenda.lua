-- Leases up to ARGV[2] of the sites ARGV[5..] to the worker ARGV[1].
-- KEYS[1] due times (sorted set), KEYS[2] leases (hash: site -> worker), KEYS[3] states (hash: site -> packed).
-- ARGV[3] is the prefix of the workers' heartbeat keys; ARGV[4] is 1 where due times do not count.
-- Gives the server's time in Unix milliseconds, then per site: 0 and its state if it is leased; if not, its due time
-- in Unix milliseconds and '', or, if it is held, minus the milliseconds that the holder's heartbeat has left and ''.
-- A site beyond the limit is left out.
local worker, limit, prefix, anytime = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answers = { now }
for i = 5, #ARGV do
  if limit <= 0 then break end
  local site = ARGV[i]
  local due = tonumber(redis.call('ZSCORE', KEYS[1], site) or 0)
  local holder = redis.call('HGET', KEYS[2], site)
  local left = 0
  if holder and holder ~= worker then left = redis.call('PTTL', prefix .. holder) end
  local answer, state = 0, ''
  if left > 0 then
    answer = -left
  elseif due > now and not anytime then
    answer = due
  else
    redis.call('HSET', KEYS[2], site, worker)
    state = redis.call('HGET', KEYS[3], site) or ''
    limit = limit - 1
  end
  answers[#answers + 1] = answer
  answers[#answers + 1] = state
end
return answers
