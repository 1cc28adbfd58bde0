-- Stands before every other script, after links.lua: what nearly the same texts are found by.
--
-- near:<version>:<day>:bands:<4 hex digits> (hash): 4 bytes of a band -> article
-- near:<version>:<day>:texts:<2 hex digits> (hash): article -> when it was fetched (4 bytes), the rest of its id (8), its
--   sketch
-- near:<version>:days (hash): day -> in how many hashes its bands are, '<day>:n' -> its articles
-- near:batch:<batch> (hash): of a batch that is about to be published: 'v' -> version, band -> number, '#<number>' -> id
--   and sketch
-- print:<day>:<2 hex digits> (hash): the first 8 bytes of an id -> print of its last revision (pipelines/changes.py)
--
-- day: of the fetch, counted from 1970. Each day's keys expire when it is beyond what is compared with.
-- article: the first 8 bytes of its id, and its revision (2 bytes). Only articles that are like none before are kept.
-- version: of the sketches (pipelines/near.py); those of another one are never read.

local DAY_SECONDS = 86400
local VALUES, OPENINGS, LEAST_OPENINGS, BAND_BYTES = 128, 32, 3, 6
local BANDS_AN_ARTICLE, BANDS_A_HASH, LEAST_HASHES, FIRST_HASHES, MOST_HASHES = 13, 128, 64, 2048, 65536

-- pipelines/policy.py packs it: days back, equal values needed, those where an original is named, equal openings needed,
-- days that prints are kept, whether what was fetched long ago is kept as if it were fetched today; the version.
local function unpack_rule(packed)
  local rule = {}
  local place
  rule.days, rule.least, rule.least_named, rule.least_openings, rule.print_days, rule.keeps_old, place =
    struct.unpack('>HBBBHB', packed)
  rule.keeps_old = rule.keeps_old == 1
  rule.version = string.sub(packed, place)
  rule.prefix = prefix .. 'near:' .. rule.version .. ':'
  return rule
end

-- One article of a batch, as pipelines/traces.py packs it.
--   always: 1: compare it though its id is known;  of: the id that its row says it is nearly the same as, zeros: none
local function unpack_trace(traces, place)
  local trace = {}
  trace.id, trace.revision, trace.time, trace.always, trace.of, trace.sketch, trace.bands, trace.print, place =
    struct.unpack('>c16HI4Bc16Hc0Hc0Hc0', traces, place)
  trace.article = string.sub(trace.id, 1, 8) .. struct.pack('>H', trace.revision)
  trace.day = math.floor(trace.time / DAY_SECONDS)
  return trace, place
end

local function count_same(one, other, place, count)
  local same = 0
  for at = place, place + 2 * count - 1, 2 do
    local a, b = string.byte(one, at, at + 1)
    local c, d = string.byte(other, at, at + 1)
    if a == c and b == d then
      same = same + 1
    end
  end
  return same
end

-- The equal values of two sketches, where they make them near-duplicates; else nil.
local function compare(rule, one, other, is_named)
  local same = count_same(one, other, 1, VALUES)
  if is_named then
    return same >= rule.least_named and same or nil
  end
  if same < rule.least then
    return nil
  end
  local place = 2 * VALUES + 1
  if math.min(string.byte(one, place), string.byte(other, place)) >= LEAST_OPENINGS
    and count_same(one, other, place + 1, OPENINGS) < rule.least_openings then
    return nil
  end
  return same
end

-- The bands of an article, each as the end of its hash's name and its field in it; hashes: of the day.
local function split_bands(bands, hashes)
  local places = {}
  for place = 1, #bands, BAND_BYTES do
    local first, second = string.byte(bands, place, place + 1)
    places[#places + 1] = {
      string.format(':bands:%04x', (first * 256 + second) % hashes),
      string.sub(bands, place + 2, place + BAND_BYTES - 1),
    }
  end
  return places
end

local function texts_key(rule, day, id)
  return string.format('%s%d:texts:%02x', rule.prefix, day, string.byte(id, 1))
end

local function print_key(day, id)
  return string.format('%sprint:%d:%02x', prefix, day, string.byte(id, 1))
end

-- The first of the settled articles that this one is nearly the same as: id, time, equal values, whether by an original
-- that is named. The last band is that of the original.
local function find_near(rule, trace)
  if trace.bands == '' then
    return nil
  end
  local days = {}
  for day = trace.day - rule.days, trace.day + 1 do
    days[#days + 1] = day
  end
  local hashes = redis.call('HMGET', rule.prefix .. 'days', unpack(days))
  local found, places
  local own = string.sub(trace.id, 1, 8)
  for index, day in ipairs(days) do
    local compared, start = {}, rule.prefix .. day
    if hashes[index] and hashes[index] ~= hashes[index - 1] then
      places = split_bands(trace.bands, tonumber(hashes[index]))
    end
    for number, place in ipairs(hashes[index] and places or {}) do
      local is_named = number == #places
      local article = redis.call('HGET', start .. place[1], place[2])
      if article and string.sub(article, 1, 8) ~= own and (is_named or not compared[article]) then
        compared[article] = true
        local kept = redis.call('HGET', texts_key(rule, day, article), article)
        local same = kept and compare(rule, trace.sketch, string.sub(kept, 13), is_named)
        if same then
          local time, rest = struct.unpack('>I4c8', kept)
          if not found or time < found.time then
            found = { id = string.sub(article, 1, 8) .. rest, time = time, same = same, is_named = is_named }
          end
        end
      end
    end
  end
  return found
end

-- Whether a batch that is about to be published has an article that this one is nearly the same as.
local function is_near_prepared(rule, trace, own_batch)
  if trace.bands == '' then
    return false
  end
  local bands = { 'v' }
  for place = 1, #trace.bands, BAND_BYTES do
    bands[#bands + 1] = string.sub(trace.bands, place, place + BAND_BYTES - 1)
  end
  for _, batch in ipairs(redis.call('HKEYS', prefix .. 'batches')) do
    local key = prefix .. 'near:batch:' .. batch
    local hits = batch ~= own_batch and redis.call('HMGET', key, unpack(bands)) or {}
    for index = 2, hits[1] == rule.version and #bands or 0 do
      local kept = hits[index] and redis.call('HGET', key, '#' .. hits[index])
      if kept and string.sub(kept, 1, 16) ~= trace.id
        and compare(rule, trace.sketch, string.sub(kept, 17), index == #bands) then
        return true
      end
    end
  end
  return false
end

local function mark_near(rule, trace, batch, number)
  local key = prefix .. 'near:batch:' .. batch
  redis.call('HSET', key, 'v', rule.version, '#' .. number, trace.id .. trace.sketch)
  for place = 1, #trace.bands, BAND_BYTES do
    redis.call('HSETNX', key, string.sub(trace.bands, place, place + BAND_BYTES - 1), number)
  end
end

-- Whether something is kept up to a day; what is fetched in bulk from archives is, for as many days from now on.
local function is_kept(rule, day)
  return rule.keeps_old or day * DAY_SECONDS > now()
end

local function keep_until(rule, key, day, days)
  if redis.call('HLEN', key) == 1 then
    local moment = day * DAY_SECONDS
    if rule.keeps_old then
      moment = math.max(moment, math.floor(now()) + days * DAY_SECONDS)
    end
    redis.call('EXPIREAT', key, moment)
  end
end

-- In how many hashes the bands of a day are: by the day before, so that each has about as many as stay packed.
local function find_hashes(rule, day)
  local key = rule.prefix .. 'days'
  local hashes = redis.call('HGET', key, day)
  if hashes then
    return tonumber(hashes)
  end
  local before = redis.call('HGET', key, (day - 1) .. ':n')
  local wanted = before and tonumber(before) * BANDS_AN_ARTICLE / BANDS_A_HASH or FIRST_HASHES
  hashes = LEAST_HASHES
  while hashes < wanted and hashes < MOST_HASHES do
    hashes = hashes * 2
  end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if not rule.keeps_old and tonumber(string.match(field, '^%d+')) < day - rule.days - 1 then
      redis.call('HDEL', key, field)
    end
  end
  redis.call('HSET', key, day, hashes)
  return hashes
end

local function remember_near(rule, trace)
  local last_day = trace.day + rule.days + 2
  if trace.bands == '' or not is_kept(rule, last_day) then
    return
  end
  local hashes = find_hashes(rule, trace.day)
  local texts = texts_key(rule, trace.day, trace.article)
  local kept = struct.pack('>I4', trace.time) .. string.sub(trace.id, 9) .. trace.sketch
  if redis.call('HSETNX', texts, trace.article, kept) == 1 then
    redis.call('HINCRBY', rule.prefix .. 'days', trace.day .. ':n', 1)
    keep_until(rule, texts, last_day, rule.days + 2)
  end
  for _, place in ipairs(split_bands(trace.bands, hashes)) do
    local key = rule.prefix .. trace.day .. place[1]
    if redis.call('HSETNX', key, place[2], trace.article) == 1 then
      keep_until(rule, key, last_day, rule.days + 2)
    end
  end
end

local function find_print(rule, id, day)
  for each = day + 1, day - rule.print_days, -1 do
    local print = redis.call('HGET', print_key(each, id), string.sub(id, 1, 8))
    if print then
      return print
    end
  end
  return nil
end

local function remember_print(rule, trace)
  local last_day = trace.day + rule.print_days + 1
  if trace.print == '' or not is_kept(rule, last_day) then
    return
  end
  local key, field = print_key(trace.day, trace.id), string.sub(trace.id, 1, 8)
  local kept = redis.call('HGET', key, field)
  if not kept or struct.unpack('>H', kept) < trace.revision then
    redis.call('HSET', key, field, trace.print)
    keep_until(rule, key, last_day, rule.print_days + 1)
  end
end
