-- open -> closed, and nothing is remembered: the next one to come replays the whole log.
-- ARGV: none. Links that are owed a visit, claims and batches stay.
-- Again: the same.

redis.call('HDEL', prefix .. 'gate', 'run_id', 'settled', 'replaying')
redis.call('DEL', prefix .. 'ahead', prefix .. 'generations')
for _, kind in ipairs({ 'seen:', 'text:', 'near:', 'print:', 'again:', 'again-link:' }) do
  -- The prefix is made of hex digits and colons: it has no wildcard.
  for _, key in ipairs(redis.call('KEYS', prefix .. kind .. '*')) do
    if string.sub(key, 1, #prefix + 11) ~= prefix .. 'near:batch:' then
      redis.call('UNLINK', key)
    end
  end
end
return 'ok'
