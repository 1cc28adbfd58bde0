-- Stands before every other script, after gate.lua: what is remembered, in as few bytes as will do.
--
-- seen:<4 hex digits> (hash): field = bytes 3 to 12 of a URL's or an article id's 16; the first two name the hash.
--   Hashes of some hundred small fields stay in Redis's packed form: one key a URL takes three times the memory.
--   value = flags (1 byte: low three bits the outcome of the last visit, then VISITED, ARTICLE, OWNED)
--     VISITED: when the last settled visit fetched (4 bytes, Unix seconds)
--     ARTICLE: last revision (2 bytes), start of its text's hash (4 bytes)
--     OWNED:   start of the digest of the URL that publishes this id (6 bytes); absent: the URL whose digest is the id
-- text:<4 hex digits> (hash): field = bytes 3 to 10 of a text's hash, value = the id of the article that has it
--
-- A URL that names its own article shares one entry with it: digest and id are the same hash of the same string.

local VISITED, ARTICLE, OWNED = 8, 16, 32
local IS_ARTICLE = 1

local function seen_place(digest)
  return string.format('%sseen:%02x%02x', prefix, string.byte(digest, 1, 2)), string.sub(digest, 3, 12)
end

local function text_place(text)
  return string.format('%stext:%02x%02x', prefix, string.byte(text, 1, 2)), string.sub(text, 3, 10)
end

local function recall(digest)
  local key, field = seen_place(digest)
  local packed = redis.call('HGET', key, field)
  local entry = {}
  if not packed then
    return entry
  end
  local flags = string.byte(packed, 1)
  local place = 2
  if bit.band(flags, VISITED) > 0 then
    entry.outcome = bit.band(flags, 7)
    entry.time, place = struct.unpack('>I4', packed, place)
  end
  if bit.band(flags, ARTICLE) > 0 then
    entry.revision, entry.check, place = struct.unpack('>Hc4', packed, place)
  end
  if bit.band(flags, OWNED) > 0 then
    entry.owner = struct.unpack('c6', packed, place)
  end
  return entry
end

local function remember(digest, entry)
  local flags, packed = 0, ''
  if entry.time then
    flags = flags + VISITED + entry.outcome
    packed = packed .. struct.pack('>I4', entry.time)
  end
  if entry.revision then
    flags = flags + ARTICLE
    packed = packed .. struct.pack('>Hc4', entry.revision, entry.check)
  end
  if entry.owner then
    flags = flags + OWNED
    packed = packed .. entry.owner
  end
  local key, field = seen_place(digest)
  redis.call('HSET', key, field, string.char(flags) .. packed)
end

-- A visit before `since` does not count: the page is said to have changed then.
local function is_due(entry, since)
  return not entry.time or entry.time < since
end

local function is_owner(digest, id, entry)
  if entry.owner then
    return entry.owner == string.sub(digest, 1, 6)
  end
  return digest == id
end

local function text_owner(text)
  local key, field = text_place(text)
  return redis.call('HGET', key, field)
end

-- One row of a batch, as pipelines/seen.py packs it; `place` is where the next one starts.
local function unpack_row(rows, place)
  local row = {}
  row.digest, row.token, row.outcome, row.time, row.revision, row.id, row.text, row.check, row.original, row.site, place =
    struct.unpack('>c16c32BI4Hc16c10c4I4Hc0', rows, place)
  return row, place
end
