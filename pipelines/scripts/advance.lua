-- Notes log entries that publish no new row as settled: moved rows, takedowns, complete days.
-- ARGV: epoch, entries. Again: they are settled already.

if not is_open(ARGV[1]) then
  return 'closed'
end
for index = 2, #ARGV do
  advance_settled(tonumber(ARGV[index]))
end
return 'ok'
