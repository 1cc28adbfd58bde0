-- Stands before every other script: the gate, and the mark of what is settled.
--
-- KEYS[1] is the prefix of the log's keys. Lua reaches other keys by name: Redis Cluster is refused at start.
--
-- gate (hash): epoch    the epoch that workers claim, prepare and settle in
--              run_id   of the server process that the gate was opened on; absent: closed
--              replaying  the epoch that the log is being replayed for
--              settled  the log entry up to which everything is in Redis
-- ahead (sorted set): entries after `settled` that are in Redis already
--
-- closed -> open by open.lua; open -> closed by a restart (another run_id), a loss of data, or close.lua.

local prefix = KEYS[1]

local function is_live(run_id)
  return string.find(redis.call('INFO', 'server'), 'run_id:' .. run_id, 1, true) ~= nil
end

local function is_open(epoch)
  local gate = redis.call('HMGET', prefix .. 'gate', 'epoch', 'run_id')
  return gate[1] == epoch and gate[2] and is_live(gate[2])
end

-- A replay runs before the gate of its epoch is open, and no longer.
local function may_settle(epoch, mode)
  if mode == 'replay' then
    return tonumber(redis.call('HGET', prefix .. 'gate', 'epoch') or '0') < tonumber(epoch)
  end
  return is_open(epoch)
end

local function advance_settled(sequence)
  local settled = tonumber(redis.call('HGET', prefix .. 'gate', 'settled') or '0')
  if sequence <= settled then
    return
  end
  redis.call('ZADD', prefix .. 'ahead', sequence, sequence)
  while redis.call('ZREM', prefix .. 'ahead', settled + 1) == 1 do
    settled = settled + 1
  end
  redis.call('HSET', prefix .. 'gate', 'settled', settled)
end

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end
