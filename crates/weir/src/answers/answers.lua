-- Answers that several gateways keep together. One call is one step that nobody sees half of. Its
-- arguments and answers are texts; `script.rs` writes and reads them.
--
-- KEYS[1] is what every key begins with:
--   KEY          what is kept: the purges there had been when it was asked for, and its form
--   changed:KEY  the count of the purge that made void what a tenant had got of a path
--   state        count: the purges so far; epoch: what was asked for before so many is void;
--                entries and units: what there is in all, in pieces of 512 bytes
--   index        each that is kept, by the second in which it ends and its units, and `-`: an index
--                without it is a new one, and what the lost one held would escape every purge
--   purges       the last purges, the newest first
local prefix, op = KEYS[1], ARGV[1]
local state, index, purges = prefix .. 'state', prefix .. 'index', prefix .. 'purges'
-- What a second counts in the index; below it are the units.
local SECOND = 2097152
-- Purges that are remembered, for answers that are on their way meanwhile.
local MOST = 64
-- Seconds that anything is kept at most.
local LONGEST = 2592000

local time = redis.call('TIME')
local now = tonumber(time[1])

local function text(number)
  return string.format('%.0f', number)
end

local function is_entry(member)
  return string.sub(member, 1, 1) == 'e'
end

local function counted(member, units)
  if is_entry(member) then
    redis.call('HINCRBY', state, 'entries', units > 0 and 1 or -1)
  end
  redis.call('HINCRBY', state, 'units', text(units))
end

local function forget(member)
  local score = redis.call('ZSCORE', index, member)
  if score then
    redis.call('ZREM', index, member)
    counted(member, -(tonumber(score) % SECOND))
  end
end

if not redis.call('ZSCORE', index, '-') or redis.call('HEXISTS', state, 'epoch') == 0 then
  local before = redis.call('HGET', state, 'count')
  local epoch = text(before and before + 1 or now * 1000000 + time[2])
  redis.call('DEL', index, purges, state)
  redis.call('ZADD', index, '+inf', '-')
  redis.call('HSET', state, 'epoch', epoch, 'count', epoch, 'entries', 0, 'units', 0)
end
local ended = redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. text(now * SECOND), 'LIMIT', 0, 100)
for _, member in ipairs(ended) do
  forget(member)
end

local function answer(what, ...)
  local found = redis.call('HMGET', state, 'count', 'entries', 'units')
  return {what, found[1], found[2], found[3], ...}
end

if op == 'put' then
  local found = redis.call('HMGET', state, 'epoch', 'count')
  local seen, epoch, count = tonumber(ARGV[2]), tonumber(found[1]), tonumber(found[2])
  if seen < count then
    local missed = count - seen
    local last = redis.call('LRANGE', purges, 0, math.min(missed, MOST) - 1)
    if seen < epoch or #last < missed then
      return answer('lost')
    end
    return answer('judge', unpack(last))
  end
  for at = 3, #ARGV, 5 do
    local member, key, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local seconds, units = math.min(tonumber(ARGV[at + 3]), LONGEST), tonumber(ARGV[at + 4])
    forget(member)
    if not is_entry(member) then
      -- What leads to several answers is kept as long as the longest.
      seconds = math.max(seconds, redis.call('TTL', prefix .. key))
    end
    redis.call('SET', prefix .. key, value, 'EX', text(seconds))
    redis.call('ZADD', index, text((now + seconds) * SECOND + units), member)
    counted(member, units)
  end
  return answer('kept')
end

if op == 'purge' then
  -- In a store that is full only the first write of a call is refused, unless it takes no room. This
  -- one does not, and a purge is what makes room.
  redis.call('DEL', prefix .. 'nothing')
  local count = redis.call('HINCRBY', state, 'count', 1)
  redis.call('LPUSH', purges, ARGV[2])
  redis.call('LTRIM', purges, 0, MOST - 1)
  if ARGV[3] ~= '' then
    redis.call('SET', prefix .. 'changed:' .. ARGV[3], text(count), 'EX', LONGEST)
  end
  return answer('purged')
end

if op == 'drop' then
  local gone = 0
  for at = 2, #ARGV, 2 do
    local was = redis.call('UNLINK', prefix .. ARGV[at + 1])
    if is_entry(ARGV[at]) then
      gone = gone + was
    end
    forget(ARGV[at])
  end
  return answer('dropped', text(gone))
end

return answer('state')
