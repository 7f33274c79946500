/** The filters of the list: read from the address, and applied to what comes in live. */
import { FILTERS } from '$lib/api/filters';
import type { Filter, Filters, RequestSummary } from '$lib/api/types';

/** The filters that the address has. */
export function readFilters(query: URLSearchParams): Filters {
  const filters: Filters = {};
  for (const name of FILTERS) {
    const value = query.get(name)?.trim();
    if (value) filters[name] = value;
  }
  return filters;
}

/** The same for the same filters, whatever their order. */
export function keyOf(filters: Filters): string {
  return FILTERS.map((name) => `${name}=${filters[name] ?? ''}`).join('&');
}

const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** An instant, or a span ago such as `24h`, in milliseconds since the epoch. */
export function instant(text: string, now: number): number | null {
  const span = /^(\d+)([smhdw])$/.exec(text);
  if (span) return now - Number(span[1]) * (UNITS[span[2] ?? ''] ?? 0);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** All four counters of an exchange together. */
export function tokensOf(row: RequestSummary): number {
  const usage = row.usage;
  if (!usage) return 0;
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  return usage.input_tokens + usage.output_tokens + cached;
}

function hasStatus(row: RequestSummary, wanted: string): boolean {
  const status = row.statusCode;
  if (wanted === 'error') {
    return (status ?? 0) >= 400 || (row.state !== 'complete' && row.state !== 'open');
  }
  if (/^[1-5]xx$/i.test(wanted)) return Math.floor((status ?? 0) / 100) === Number(wanted[0]);
  return status === Number(wanted);
}

type Test = (row: RequestSummary, wanted: string) => boolean;
const equals =
  (read: (row: RequestSummary) => string | undefined): Test =>
  (row, wanted) =>
    read(row) === wanted;
const least =
  (read: (row: RequestSummary) => number | null | undefined): Test =>
  (row, wanted) =>
    (read(row) ?? -1) >= Number(wanted);
const most =
  (read: (row: RequestSummary) => number | null | undefined): Test =>
  (row, wanted) => {
    const value = read(row);
    return value != null && value <= Number(wanted);
  };

const tests: Record<Filter, Test> = {
  model: (row, wanted) =>
    wanted === 'all' ||
    [row.model, row.routedModel].some((model) =>
      model?.toLowerCase().includes(wanted.toLowerCase()),
    ),
  provider: equals((row) => row.provider),
  session: equals((row) => row.sessionId),
  agent: equals((row) => row.agentId),
  subagent: equals((row) => row.subagent),
  project: equals((row) => row.projectId),
  token: equals((row) => row.tokenId),
  client: equals((row) => row.clientKind),
  status: hasStatus,
  state: equals((row) => row.state),
  stopReason: equals((row) => row.stopReason),
  dialect: equals((row) => row.dialect),
  operation: equals((row) => row.operation),
  key: (row, wanted) => row.keyDigest?.startsWith(wanted) ?? false,
  start: (row, wanted) => Date.parse(row.timestamp) >= (instant(wanted, Date.now()) ?? 0),
  end: (row, wanted) => Date.parse(row.timestamp) <= (instant(wanted, Date.now()) ?? Infinity),
  minDuration: least((row) => row.responseTime),
  maxDuration: most((row) => row.responseTime),
  minTokens: least(tokensOf),
  maxTokens: most(tokensOf),
  minCost: least((row) => row.cost),
  maxCost: most((row) => row.cost),
  // Only the server can search texts.
  q: () => false,
};

/** Whether an exchange belongs in a list with these filters. */
export function matches(row: RequestSummary, filters: Filters): boolean {
  return FILTERS.every((name) => {
    const wanted = filters[name];
    return wanted === undefined || tests[name](row, wanted);
  });
}

/** What filters are called where people read it. */
export const NAMES: Record<Filter, string> = {
  model: 'Model',
  provider: 'Provider',
  session: 'Session',
  agent: 'Agent',
  subagent: 'Subagent',
  project: 'Project',
  token: 'Token',
  client: 'Client',
  status: 'Status',
  state: 'State',
  stopReason: 'Stop reason',
  dialect: 'Dialect',
  operation: 'Operation',
  key: 'Key',
  start: 'From',
  end: 'Until',
  minDuration: 'Duration at least (ms)',
  maxDuration: 'Duration at most (ms)',
  minTokens: 'Tokens at least',
  maxTokens: 'Tokens at most',
  minCost: 'Cost at least ($)',
  maxCost: 'Cost at most ($)',
  q: 'Text',
};
