-- Reads what is known of an article: a hint for what its row will say; prepare.lua and near_prepare.lua judge.
-- ARGV: epoch (not asked for), URL's digest, id, text's hash, its and the title's, the rule of near-duplicates, its trace.
-- Gives
--   1, 2  the settled revision (0: none), and the one that the next follows
--   3, 4  whether this URL publishes the id, whether that revision has this text and title
--   5     the id that has the text ('': none)
--   6     whether a batch is about to publish the id, the text or nearly the same text
--   7, 8, 9  the first article that has nearly the same text ('': none), equal values, whether told by a named original
--   10    the print of the settled revision ('': none is kept)

local digest, id, text, check = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local rule, trace = unpack_rule(ARGV[6]), unpack_trace(ARGV[7], 1)
local entry = recall(id)
local owner = text_owner(text, id)
local is_same = owner == id and entry.check == check
local busy = redis.call('HEXISTS', prefix .. 'prepared:id', id) + redis.call('HEXISTS', prefix .. 'prepared:text', text)
local near
if not is_same and (trace.always == 1 or not entry.revision) then
  if is_near_prepared(rule, trace, '') then
    busy = busy + 1
  end
  near = find_near(rule, trace)
end
return {
  entry.revision or 0,
  entry.revision or last_lost_revision(),
  is_owner(digest, id, entry) and 1 or 0,
  is_same and 1 or 0,
  owner or '',
  busy,
  near and near.id or '',
  near and near.same or 0,
  near and near.is_named and 1 or 0,
  entry.revision and find_print(rule, id, trace.day) or '',
}
