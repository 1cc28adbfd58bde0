-- Reads how much some of the hashes of a generation hold.
-- ARGV: epoch (not asked for), kind, generation, number of the first hash and of the last. Gives entries and bytes.

local entries, bytes = 0, 0
for number = tonumber(ARGV[4]), tonumber(ARGV[5]) do
  local key = string.format('%s%s:%s:%04x', prefix, ARGV[2], ARGV[3], number)
  local count = redis.call('HLEN', key)
  if count > 0 then
    entries = entries + count
    bytes = bytes + redis.call('MEMORY', 'USAGE', key)
  end
end
return { entries, bytes }
