/** Figures of a busy week, for charts: what a store that was seeded a moment ago cannot have. */
import type { Page } from '@playwright/test';
import type { Analytics, AnalyticsRow, Bucket, Dimension } from '../src/lib/api/types';

const KEYS: Record<string, string[]> = {
  model: [
    'claude-opus-4-5',
    'claude-sonnet-4-5',
    'claude-haiku-4-5',
    'gpt-5.4-codex',
    'gemini-3-pro',
  ],
  provider: ['anthropic', 'openai', 'gemini'],
  none: [''],
};

/** The same for the same place. */
function wave(n: number): number {
  return 0.5 + 0.5 * Math.sin(n * 2.3) * Math.cos(n * 0.7);
}

function figures(n: number, bucket: string | null, key: string | null): AnalyticsRow {
  const requests = Math.round(20 + 180 * wave(n));
  const times = (scale: number) => ({
    p50: scale,
    p90: scale * 2,
    p95: scale * 2.6,
    p99: scale * (3 + wave(n)),
    max: scale * 9,
  });
  return {
    bucket,
    key,
    requests,
    errors: Math.round(requests * 0.04 * wave(n + 5)),
    inputTokens: requests * 900,
    outputTokens: requests * 640,
    cacheReadTokens: requests * 21_000,
    cacheWriteTokens: requests * 1800,
    reasoningTokens: requests * 120,
    cost: key === 'gemini-3-pro' ? null : requests * 0.031,
    unpriced: key === 'gemini-3-pro' ? requests : 0,
    cacheSavings: requests * 0.052,
    cacheHitShare: 0.7 + 0.25 * wave(n + 2),
    firstByte: times(700 + 500 * wave(n)),
    duration: times(6400 + 3000 * wave(n + 1)),
    gap: times(300 + 200 * wave(n + 3)),
  };
}

/** Answers `/api/analytics` with made-up figures. */
export async function madeUp(page: Page): Promise<void> {
  await page.route('**/api/analytics?*', async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [start, end] = [query.get('start') ?? '', query.get('end') ?? ''];
    const bucket = (query.get('bucket') ?? 'none') as Bucket;
    const by = (query.get('by') ?? 'none') as Dimension;
    const length = { hour: 36e5, day: 864e5, week: 6048e5, month: 2592e6, none: Infinity }[bucket];
    const rows: AnalyticsRow[] = [];
    const last = Math.min(Date.parse(end), Date.now());
    for (let at = Date.parse(start); at < last; at += length) {
      for (const [n, key] of (KEYS[by] ?? ['one', 'two']).entries()) {
        const when = bucket === 'none' ? null : new Date(at).toISOString();
        rows.push(figures(at / 36e5 + n * 11, when, key || null));
      }
    }
    const totals = { ...figures(3, null, null), requests: 12_345, errors: 87, unpriced: 310 };
    const tz = query.get('tz') ?? 'UTC';
    const json: Analytics = { start, end, tz, bucket, by, rows, totals, cut: false };
    await route.fulfill({ json });
  });
}
