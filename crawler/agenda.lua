-- Leases up to ARGV[2] of the sites ARGV[4..] to the worker ARGV[1].
-- KEYS[1] due times (sorted set), KEYS[2] leases (hash: site -> worker).
-- ARGV[3] is the prefix of the workers' heartbeat keys; ARGV[4] is 1 where due times do not count.
-- Answers, per site: 0 leased; >0 not due, Unix milliseconds when it is; <0 held, minus the milliseconds that
-- the holder's heartbeat has left. A site beyond the limit is left out.
local worker, limit, prefix, anytime = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answers = {}
for i = 5, #ARGV do
  if limit <= 0 then break end
  local site = ARGV[i]
  local due = tonumber(redis.call('ZSCORE', KEYS[1], site) or 0)
  local holder = redis.call('HGET', KEYS[2], site)
  local left = 0
  if holder and holder ~= worker then left = redis.call('PTTL', prefix .. holder) end
  if left > 0 then
    answers[#answers + 1] = -left
  elseif due > now and not anytime then
    answers[#answers + 1] = due
  else
    redis.call('HSET', KEYS[2], site, worker)
    answers[#answers + 1] = 0
    limit = limit - 1
  end
end
return answers
