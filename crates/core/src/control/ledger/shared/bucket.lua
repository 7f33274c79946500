-- A limit a minute, as `core/bucket.rs` has it: {limit, level, at}, the level in units.
local UNIT, MAX_DEBT = 60000, 10

local function clamp(value, least, most)
  return math.max(least, math.min(value, most))
end

local function level_at(bucket, now)
  local added = bucket.limit * math.max(now - bucket.at, 0)
  return math.min(bucket.level + added, bucket.limit * UNIT)
end

local function put(bucket, level, now)
  local full = bucket.limit * UNIT
  bucket.level = clamp(level, -full * MAX_DEBT, full)
  bucket.at = math.max(bucket.at, now)
end

-- What is used up stays used up.
local function set_limit(bucket, limit, now)
  if limit == bucket.limit then return end
  local level = level_at(bucket, now) + (limit - bucket.limit) * UNIT
  bucket.limit = limit
  put(bucket, level, now)
end

-- Milliseconds until `amount` fits.
local function wait_ms(bucket, amount, now)
  if bucket.limit == 0 then return 0 end
  local needed = clamp(amount, 1, bucket.limit) * UNIT
  return math.ceil(math.max(needed - level_at(bucket, now), 0) / bucket.limit)
end

-- Replaces `taken`, of which no more than the limit was taken, by `used`.
local function correct(bucket, taken, used, now)
  local back = math.min(taken, bucket.limit) - used
  put(bucket, level_at(bucket, now) + back * UNIT, now)
end

local function take(bucket, amount, now)
  correct(bucket, 0, math.min(amount, bucket.limit), now)
end
