import type { Filter } from './types';

/** Every filter, by its name in the query. */
const every: Record<Filter, true> = {
  model: true,
  provider: true,
  session: true,
  agent: true,
  subagent: true,
  project: true,
  token: true,
  client: true,
  status: true,
  state: true,
  stopReason: true,
  dialect: true,
  operation: true,
  key: true,
  start: true,
  end: true,
  minDuration: true,
  maxDuration: true,
  minTokens: true,
  maxTokens: true,
  minCost: true,
  maxCost: true,
  q: true,
};

export const FILTERS = Object.keys(every) as Filter[];
