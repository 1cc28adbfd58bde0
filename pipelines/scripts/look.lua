-- Reads what is known of an article: a hint for what its row will say; prepare.lua judges.
-- ARGV: epoch (not asked for), URL's digest, id, text's hash, its start.
-- Gives the settled revision (0: none), whether this URL publishes the id, whether that revision has this text,
-- the id that has the text ('': none), and whether a batch is about to publish the id or the text.

local digest, id, text, check = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local entry = recall(id)
local owner = text_owner(text)
local busy = redis.call('HEXISTS', prefix .. 'prepared:id', id) + redis.call('HEXISTS', prefix .. 'prepared:text', text)
return {
  entry.revision or 0,
  is_owner(digest, id, entry) and 1 or 0,
  (owner == id and entry.check == check) and 1 or 0,
  owner or '',
  busy,
}
