-- prepared -> claimed, for all rows of a batch that the log has aborted or that has no row left.
-- ARGV: epoch, batch, log entry of the abort ('': none, nothing of it was ever published).
-- Again: nothing is marked with the batch, nothing happens.

if not is_open(ARGV[1]) then
  return 'closed'
end
unmark_batch(ARGV[2])
if ARGV[3] ~= '' then
  advance_settled(tonumber(ARGV[3]))
end
return 'ok'
