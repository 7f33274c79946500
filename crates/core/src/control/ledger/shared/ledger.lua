-- Accounts that several nodes share. One call is one step that nobody sees half of. Its arguments
-- and answers are texts; `shared/ask.rs` and `shared/answer.rs` write and read them.
--
-- KEYS[1] is what every key begins with:
--   era              a text made when the store was empty: another one means that all was lost
--   beat             when a node was last heard of
--   nodes            each node, by when it counts as dead
--   a:SCOPE          an account: requests, running, rpm, tpm, and a book for each period
--   node:NODE        what the node has set aside, by number
--   adopted:NODE     what others had set aside who died, until the node has made it last
local prefix, at = KEYS[1], 0
local function arg()
  at = at + 1
  return ARGV[at]
end
local function number()
  return tonumber(arg())
end
local function text(value)
  return string.format('%.0f', clamp(value, -9.2e18, 9.2e18))
end

local op, node, lease = arg(), arg(), number()
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', prefix .. 'era', node .. '@' .. text(now), 'NX')
local era = redis.call('GET', prefix .. 'era')
-- What every answer begins with.
local function head(what, ...)
  return {what, era, text(now), text(redis.call('ZCARD', prefix .. 'nodes')), ...}
end

-- Accounts are forgotten after a week in which nobody asked; they are seeded when somebody does.
local FORGET = 7 * 86400

local function numbers(value, count)
  local found = {}
  for part in string.gmatch(value or '', '%S+') do
    found[#found + 1] = tonumber(part)
  end
  for index = #found + 1, count do
    found[index] = 0
  end
  return found
end

local function load(name)
  local account = {name = name, key = prefix .. 'a:' .. name, fields = {}}
  local flat = redis.call('HGETALL', account.key)
  for index = 1, #flat, 2 do
    account.fields[flat[index]] = flat[index + 1]
  end
  account.is_new = #flat == 0
  account.requests = tonumber(account.fields.requests or 0)
  account.running = tonumber(account.fields.running or 0)
  for _, kind in ipairs({'rpm', 'tpm'}) do
    local parts = numbers(account.fields[kind], 3)
    account[kind] = {limit = parts[1], level = parts[2], at = parts[3]}
  end
  account.books = {}
  return account
end

-- The book of a period that began at `start`, or a later one.
local function book(account, period, start)
  local found = account.books[period]
  if not found then
    local parts = numbers(account.fields[period], 5)
    found = {start = parts[1], used = {parts[2], parts[3]}, aside = {parts[4], parts[5]}}
    if not account.fields[period] or found.start < start then
      found = {start = start, used = {0, 0}, aside = {0, 0}}
    end
    account.books[period] = found
  end
  return found
end

local function save(account)
  local key = account.key
  redis.call('HSET', key, 'requests', text(account.requests), 'running', text(account.running))
  for _, kind in ipairs({'rpm', 'tpm'}) do
    local bucket = account[kind]
    if bucket.limit > 0 then
      local value = text(bucket.limit) .. ' ' .. text(bucket.level) .. ' ' .. text(bucket.at)
      redis.call('HSET', key, kind, value)
    elseif account.fields[kind] then
      redis.call('HDEL', key, kind)
    end
  end
  for period, it in pairs(account.books) do
    local parts = {text(it.start), text(it.used[1]), text(it.used[2]), text(it.aside[1]), text(it.aside[2])}
    redis.call('HSET', key, period, table.concat(parts, ' '))
  end
  redis.call('EXPIRE', key, FORGET)
end

local function raise(to, amounts)
  to[1] = math.max(to[1], amounts[1])
  to[2] = math.max(to[2], amounts[2])
end

-- One scope of a reservation, as it is asked for.
local function wanted()
  local it = {account = load(arg()), budgets = {}}
  local requests = number()
  if it.account.is_new then it.account.requests = requests end
  it.cap, it.rpm, it.tpm, it.most = number(), number(), number(), number()
  for index = 1, number() do
    local period, money, tokens = arg(), number(), number()
    local start, known = number(), {number(), number()}
    local found = book(it.account, period, start_of(period, time[1]))
    if it.account.is_new and start == found.start then found.used = known end
    it.budgets[index] = {period = period, most = {money, tokens}, book = found}
  end
  set_limit(it.account.rpm, it.rpm, now)
  set_limit(it.account.tpm, it.tpm, now)
  return it
end

-- What stands in the way, in the order in which `account.rs` looks.
local function obstacle(it, worst)
  local account = it.account
  if it.cap >= 0 and account.requests >= it.cap then return {'requests'} end
  for index, budget in ipairs(it.budgets) do
    local taken = {}
    for kind = 1, 2 do
      taken[kind] = budget.book.used[kind] + budget.book.aside[kind]
    end
    for kind = 1, 2 do
      if budget.most[kind] >= 0 and taken[kind] + worst[kind] > budget.most[kind] then
        return {'budget', text(index - 1), text(taken[1]), text(taken[2])}
      end
    end
  end
  if it.most >= 0 and account.running >= it.most then return {'concurrency'} end
  local wait = wait_ms(account.rpm, 1, now)
  if wait > 0 then return {'rpm', text(wait)} end
  wait = wait_ms(account.tpm, worst[2], now)
  if wait > 0 then return {'tpm', text(wait)} end
  return nil
end

local function reserve()
  local id, valid_until, worst = arg(), number(), {number(), number()}
  if now > valid_until then return head('late') end
  local all = {}
  for index = 1, number() do
    all[index] = wanted()
  end
  for index, it in ipairs(all) do
    local found = obstacle(it, worst)
    if found then return head('no', text(index - 1), unpack(found)) end
  end
  local answer = head('yes')
  local record = {table.concat({'open', text(worst[1]), text(worst[2]), '0', '0', text(now)}, ' ')}
  for _, it in ipairs(all) do
    local account, line = it.account, {it.account.name}
    answer[#answer + 1] = text(account.requests)
    account.requests = account.requests + 1
    account.running = account.running + 1
    take(account.rpm, 1, now)
    take(account.tpm, worst[2], now)
    for _, budget in ipairs(it.budgets) do
      local found = budget.book
      answer[#answer + 1] = text(found.start)
      answer[#answer + 1] = text(found.used[1])
      answer[#answer + 1] = text(found.used[2])
      found.aside = {found.aside[1] + worst[1], found.aside[2] + worst[2]}
      line[#line + 1] = budget.period .. '=' .. text(found.start)
    end
    save(account)
    record[#record + 1] = table.concat(line, ' ')
  end
  redis.call('HSET', prefix .. 'node:' .. node, id, table.concat(record, ';'))
  redis.call('ZADD', prefix .. 'nodes', 'NX', text(now + lease), node)
  return answer
end

-- Takes what a record has set aside out of its accounts, and puts `used` in its place.
local function resolve(record, used, requests)
  local worst
  for line in string.gmatch(record, '[^;]+') do
    if not worst then
      local parts = numbers(string.match(line, '^%a+ (.*)$'), 5)
      worst = {parts[1], parts[2]}
    else
      local account = load(string.match(line, '^%S+'))
      if not account.is_new then
        account.requests = math.max(account.requests - requests, 0)
        account.running = math.max(account.running - 1, 0)
        if requests > 0 then correct(account.rpm, requests, 0, now) end
        correct(account.tpm, worst[2], used[2], now)
        for period, start in string.gmatch(line, '(%a+)=(%d+)') do
          local found = book(account, period, tonumber(start))
          if found.start == tonumber(start) then
            for kind = 1, 2 do
              found.aside[kind] = math.max(found.aside[kind] - worst[kind], 0)
              found.used[kind] = found.used[kind] + used[kind]
            end
          end
        end
        save(account)
      end
    end
  end
end

-- The same record once it is known what was used.
local function settled(record, used)
  local head = {'settled %1 %2', text(used[1]), text(used[2]), '%3'}
  return (string.gsub(record, '^%a+ (%S+) (%S+) %S+ %S+ (%S+)', table.concat(head, ' '), 1))
end

local function settle()
  local own, adopted = prefix .. 'node:' .. node, prefix .. 'adopted:' .. node
  local answer = head('done')
  for _ = 1, number() do
    local what, id, used = arg(), arg(), {number(), number()}
    local record = redis.call('HGET', own, id)
    local said = record and 'yes' or 'gone'
    if what == 'lasts' then
      redis.call('HDEL', own, id)
      redis.call('HDEL', adopted, id)
    elseif record and what == 'cancel' then
      resolve(record, {0, 0}, 1)
      redis.call('HDEL', own, id)
    elseif record and string.sub(record, 1, 4) == 'open' then
      resolve(record, used, 0)
      redis.call('HSET', own, id, settled(record, used))
    end
    answer[#answer + 1] = said
  end
  return answer
end

-- Charges what a dead node had set aside, and hands it to this one to make it last.
local function adopt(dead)
  local mine, count = prefix .. 'adopted:' .. node, 0
  for _, from in ipairs({prefix .. 'node:' .. dead, prefix .. 'adopted:' .. dead}) do
    local flat = redis.call('HSCAN', from, '0', 'COUNT', '100')[2]
    for index = 1, #flat, 2 do
      local id, record = flat[index], flat[index + 1]
      if string.sub(record, 1, 4) == 'open' then
        local worst = numbers(string.match(record, '^%a+ (%S+ %S+)'), 2)
        resolve(record, worst, 0)
        record = settled(record, worst)
      end
      redis.call('HDEL', from, id)
      if not string.find(id, '/', 1, true) then id = dead .. '/' .. id end
      redis.call('HSET', mine, id, record)
      count = count + 1
    end
  end
  if count == 0 then redis.call('ZREM', prefix .. 'nodes', dead) end
end

local function beat()
  local last = tonumber(redis.call('GET', prefix .. 'beat') or now)
  redis.call('SET', prefix .. 'beat', text(now))
  -- A time in which nobody was heard of is the store's fault, and no node's.
  if now - last > lease / 2 then
    for _, name in ipairs(redis.call('ZRANGE', prefix .. 'nodes', '0', '-1')) do
      redis.call('ZADD', prefix .. 'nodes', text(now + lease), name)
    end
  end
  redis.call('ZADD', prefix .. 'nodes', text(now + lease), node)
  local dead = redis.call('ZRANGEBYSCORE', prefix .. 'nodes', '-inf', text(now), 'LIMIT', '0', '1')[1]
  if dead then adopt(dead) end
  local answer = head('done')
  local flat = redis.call('HSCAN', prefix .. 'adopted:' .. node, '0', 'COUNT', '100')[2]
  for _, value in ipairs(flat) do
    answer[#answer + 1] = value
  end
  return answer
end

-- Another one sees to what is left of this node.
local function leave()
  redis.call('ZADD', prefix .. 'nodes', 'XX', text(now), node)
  if redis.call('HLEN', prefix .. 'node:' .. node) + redis.call('HLEN', prefix .. 'adopted:' .. node) == 0 then
    redis.call('ZREM', prefix .. 'nodes', node)
  end
  return head('done')
end

-- What is known to last was used: no account knows less.
local function known()
  for _ = 1, number() do
    local account = load(arg())
    account.requests = math.max(account.requests, number())
    for _ = 1, number() do
      local period, start, amounts = arg(), number(), {number(), number()}
      if start >= start_of(period, time[1]) then
        local found = book(account, period, start)
        if found.start == start then raise(found.used, amounts) end
      end
    end
    save(account)
  end
  return head('done')
end

local ops = {reserve = reserve, settle = settle, beat = beat, leave = leave, known = known}
return ops[op]()
