-- Stands before every other script, after gate.lua: what is remembered, in as few bytes as will do.
--
-- seen:<generation>:<4 hex digits> (hash): the digits are the first two bytes of a URL's digest or an article's id.
--   field = the 14 others of an article's id, or the next 6 of the digest of a URL that names no article of its own
--   value = flags (1 byte: low three bits the outcome of the last visit, then VISITED, ARTICLE, OWNED, WIDE)
--     VISITED: when the last settled visit fetched (4 bytes, Unix seconds)
--     ARTICLE: last revision (1 byte; WIDE: 2), start of the hash of its text and title (3 bytes)
--     OWNED:   start of the digest of the URL that publishes this id (3 bytes); absent: the URL whose digest is the id
-- text:<generation>:<4 hex digits> (hash): field = bytes 3 to 8 of a text's hash, value = the first 6 bytes of the id of
--   the article that has it
-- generations (hash): first, last; absent: 1 and 1. What is remembered goes into the last one, and is moved there.
--
-- A URL that names its own article shares one entry with it: digest and id are the same hash of the same string.
-- Hashes of some hundred small fields stay in Redis's packed form: one key a URL takes three times the memory.
-- Eight bytes tell apart 10 million URLs but for one chance in 370,000 that any two are taken for one.

local VISITED, ARTICLE, OWNED, WIDE = 8, 16, 32, 64
local IS_ARTICLE, IS_GONE, IS_BLOCKED = 1, 5, 6
-- An id that is unknown since its generation was dropped goes on beyond every revision that it may have had.
local REVISIONS_A_LIFE, MOST_LIVES = 256, 254

local generations
local function find_generations()
  if not generations then
    local kept = redis.call('HMGET', prefix .. 'generations', 'first', 'last')
    generations = { first = tonumber(kept[1] or '1'), last = tonumber(kept[2] or '1') }
  end
  return generations
end

local function last_lost_revision()
  return REVISIONS_A_LIFE * math.min(find_generations().first - 1, MOST_LIVES)
end

local function begins_life(revision)
  return (revision - 1) % REVISIONS_A_LIFE == 0
end

local function shard(kind, generation, hash)
  return string.format('%s%s:%d:%02x%02x', prefix, kind, generation, string.byte(hash, 1, 2))
end

local function unpack_entry(packed)
  local entry, flags, place = {}, string.byte(packed, 1), 2
  if bit.band(flags, VISITED) > 0 then
    entry.outcome = bit.band(flags, 7)
    entry.time, place = struct.unpack('>I4', packed, place)
  end
  if bit.band(flags, ARTICLE) > 0 then
    local layout = bit.band(flags, WIDE) > 0 and '>Hc3' or '>Bc3'
    entry.revision, entry.check, place = struct.unpack(layout, packed, place)
  end
  if bit.band(flags, OWNED) > 0 then
    entry.owner = struct.unpack('c3', packed, place)
  end
  return entry
end

local function pack_entry(entry)
  local flags, packed = 0, ''
  if entry.time then
    flags = flags + VISITED + entry.outcome
    packed = packed .. struct.pack('>I4', entry.time)
  end
  if entry.revision then
    local is_wide = entry.revision > 255
    flags = flags + ARTICLE + (is_wide and WIDE or 0)
    packed = packed .. struct.pack(is_wide and '>Hc3' or '>Bc3', entry.revision, entry.check)
  end
  if entry.owner then
    flags = flags + OWNED
    packed = packed .. entry.owner
  end
  return string.char(flags) .. packed
end

local function recall(digest)
  local long, short = string.sub(digest, 3, 16), string.sub(digest, 3, 8)
  for generation = find_generations().last, find_generations().first, -1 do
    local key = shard('seen', generation, digest)
    local packed = redis.call('HMGET', key, long, short)
    if packed[1] or packed[2] then
      local entry = unpack_entry(packed[1] or packed[2])
      entry.key, entry.field = key, packed[1] and long or short
      return entry
    end
  end
  return {}
end

local function forget(entry)
  if entry.key then
    redis.call('HDEL', entry.key, entry.field)
  end
end

local function remember(digest, entry)
  local key = shard('seen', find_generations().last, digest)
  local field = entry.revision and string.sub(digest, 3, 16) or string.sub(digest, 3, 8)
  if entry.key ~= key or entry.field ~= field then
    forget(entry)
    entry.key, entry.field = key, field
  end
  redis.call('HSET', key, field, pack_entry(entry))
end

-- A visit before `since` does not count: the page is said to have changed then.
local function is_due(entry, since)
  return not entry.time or entry.time < since
end

local function is_owner(digest, id, entry)
  if entry.owner then
    return entry.owner == string.sub(digest, 1, 3)
  end
  return digest == id
end

-- The whole id of an article by its first six bytes; nil where it is forgotten.
local function find_id(start)
  for generation = find_generations().last, find_generations().first, -1 do
    for _, field in ipairs(redis.call('HKEYS', shard('seen', generation, start))) do
      if #field == 14 and string.sub(field, 1, 4) == string.sub(start, 3, 6) then
        return string.sub(start, 1, 2) .. field
      end
    end
  end
  return nil
end

-- The id of the article that has the text; `id`, the one that asks, needs no search.
local function text_owner(text, id)
  for generation = find_generations().last, find_generations().first, -1 do
    local start = redis.call('HGET', shard('text', generation, text), string.sub(text, 3, 8))
    if start then
      return start == string.sub(id, 1, 6) and id or find_id(start)
    end
  end
  return nil
end

local function remember_text(text, id)
  if not text_owner(text, id) then
    redis.call('HSET', shard('text', find_generations().last, text), string.sub(text, 3, 8), string.sub(id, 1, 6))
  end
end

-- One row of a batch, as pipelines/seen.py packs it; `place` is where the next one starts.
local function unpack_row(rows, place)
  local row = {}
  row.digest, row.token, row.outcome, row.time, row.revision, row.id, row.text, row.check, row.original, row.site,
    row.said, place = struct.unpack('>c16c32BI4Hc16c10c3I4Hc0Hc0', rows, place)
  return row, place
end
