-- Reads all that is remembered of a URL, or of the article that it names.
-- ARGV: epoch, digest, the sites that there are. Gives, each as text, '' where there is none: number of the last outcome,
-- when it was fetched, last revision, claim; then, in turns, each site that will visit it, and when by the schedule ('':
-- it is owed a visit now).

if not is_open(ARGV[1]) then
  return 'closed'
end
local digest = ARGV[2]
local entry = recall(digest)
local answer = {
  tostring(entry.outcome or ''),
  tostring(entry.time or ''),
  tostring(entry.revision or ''),
  redis.call('HGET', prefix .. 'claims', digest) or '',
}
for index = 3, #ARGV do
  local pending = redis.call('HEXISTS', prefix .. 'link:' .. ARGV[index], digest)
  local again = redis.call('ZSCORE', prefix .. 'again:' .. ARGV[index], digest)
  if pending == 1 or again then
    answer[#answer + 1] = ARGV[index]
    answer[#answer + 1] = again or ''
  end
end
return answer
