-- Reads what is known of articles, for a writer that holds the gate (hold.lua): nobody else changes it meanwhile.
-- ARGV: epoch, run_id of the server that it was held on, the rule of near-duplicates, packed articles (URL's digest, id,
-- text's hash, its and the title's), their packed traces, one for each.
-- Gives for each article what look.lua gives, without what others are about to publish.

local gate = redis.call('HMGET', prefix .. 'gate', 'epoch', 'replaying')
if tonumber(gate[1] or '0') >= tonumber(ARGV[1]) or gate[2] ~= ARGV[1] or not is_live(ARGV[2]) then
  return 'closed'
end
local rule, articles, traces = unpack_rule(ARGV[3]), ARGV[4], ARGV[5]
local answers, place, trace_place = {}, 1, 1
while place <= #articles do
  local digest, id, text, check, trace
  digest, id, text, check, place = struct.unpack('c16c16c10c3', articles, place)
  trace, trace_place = unpack_trace(traces, trace_place)
  local entry = recall(id)
  local owner = text_owner(text, id)
  local is_same = owner == id and entry.check == check
  local near
  if not is_same and (trace.always == 1 or not entry.revision) then
    near = find_near(rule, trace)
  end
  answers[#answers + 1] = {
    entry.revision or 0,
    entry.revision or last_lost_revision(),
    is_owner(digest, id, entry) and 1 or 0,
    is_same and 1 or 0,
    owner or '',
    near and near.id or '',
    near and near.same or 0,
    near and near.is_named and 1 or 0,
    entry.revision and find_print(rule, id, trace.day) or '',
  }
end
return answers
