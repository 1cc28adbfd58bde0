-- seen -> unknown: the URL is due when it is next listed.
-- ARGV: epoch, digest. Gives whether anything was known.
-- Of an article its last revision is kept, so that the next one has a number of its own; what that said is forgotten, so
-- that the same text makes a revision, too.
-- Again: nothing is known.

if not is_open(ARGV[1]) then
  return 'closed'
end
local digest = ARGV[2]
local entry = recall(digest)
if not entry.time then
  return 0
end
if entry.revision then
  entry.time, entry.outcome, entry.check = nil, nil, '\0\0\0'
  remember(digest, entry)
else
  forget(entry)
end
return 1
