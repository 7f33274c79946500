-- When the period began that `seconds` since the Unix epoch are in, as `control/budget.rs` has it.
local function start_of(period, seconds)
  local day = math.floor(seconds / 86400)
  if period == 'day' then
    return day * 86400
  elseif period == 'week' then
    return (day - (day + 3) % 7) * 86400 -- 1970 began on a Thursday.
  elseif period == 'month' then
    -- Days of years that begin in March, by eras of 400 years.
    local of_era = (day + 719468) % 146097
    local leaps = math.floor(of_era / 1460) - math.floor(of_era / 36524) + math.floor(of_era / 146096)
    local year = math.floor((of_era - leaps) / 365)
    local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
    local month = math.floor((5 * of_year + 2) / 153)
    local of_month = of_year - math.floor((153 * month + 2) / 5)
    return (day - of_month) * 86400
  end
  return 0
end
