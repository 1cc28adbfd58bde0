-- Before settle.lua: what a published article is found by, and compared with, is remembered.
-- ARGV: epoch, 'settle' or 'replay', the rule of near-duplicates, packed traces.
-- An article that is nearly the same as one before it is found by that one: only its print is kept.
-- Again: nothing changes.

if not may_settle(ARGV[1], ARGV[2]) then
  return 'closed'
end
local rule, traces, place = unpack_rule(ARGV[3]), ARGV[4], 1
while place <= #traces do
  local trace
  trace, place = unpack_trace(traces, place)
  if trace.of == string.rep('\0', 16) then
    remember_near(rule, trace)
  end
  remember_print(rule, trace)
end
return 'ok'
