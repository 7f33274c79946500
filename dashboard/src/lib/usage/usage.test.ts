import { describe, expect, it } from 'vitest';
import type { AnalyticsRow } from '$lib/api/types';
import { placeOf, rangeOf, readDay, step } from './range';
import { byKey, lineOf, toCsv, total } from './series';

function row(bucket: number, key: string, requests: number, cost: number | null): AnalyticsRow {
  return {
    bucket: new Date(bucket).toISOString(),
    key,
    requests,
    errors: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    cost,
    unpriced: cost === null ? requests : 0,
    cacheSavings: null,
    cacheHitShare: null,
    firstByte: null,
    duration: null,
    gap: null,
  };
}

describe('ranges', () => {
  it('have as many buckets as there are hours and days', () => {
    const week = rangeOf('week', new Date(2026, 10, 21));
    expect(week.starts).toHaveLength(7);
    expect(week.start.getDay()).toBe(1);
    expect(rangeOf('month', new Date(2026, 1, 28)).starts).toHaveLength(28);
    const day = rangeOf('day', new Date(2026, 5, 3));
    expect(day.starts).toHaveLength(24);
    expect(placeOf(day.starts, day.start.getTime() + 3.5 * 36e5)).toBe(3);
    expect(placeOf(day.starts, day.start.getTime() - 1)).toBe(-1);
  });
  it('step by the calendar and read days', () => {
    expect(step('month', new Date(2026, 0, 31), 1).getMonth()).toBe(1);
    expect(step('week', new Date(2026, 0, 8), -1).getDate()).toBe(1);
    expect(readDay('2026-03-04', new Date()).getDate()).toBe(4);
    expect(readDay('tomorrow', new Date(2026, 3, 9, 17)).getHours()).toBe(0);
  });
});

describe('series', () => {
  const { starts } = rangeOf('day', new Date(2026, 5, 3));
  const first = starts[0] ?? 0;
  it('are the largest first, the rest summed up', () => {
    const rows = Array.from({ length: 11 }, (_, n) => row(first, `m${n}`, n + 1, 1));
    const series = byKey(rows, starts, (one) => one.requests);
    expect(series).toHaveLength(8);
    expect(series[0]?.name).toBe('m10');
    expect(series[7]).toMatchObject({ name: '4 others' });
    expect(series[7]?.values[0]).toBe(10);
  });
  it('leave gaps where nothing is known', () => {
    const line = lineOf('cost', [row(first, 'm', 1, null)], starts, (one) => one.cost);
    expect(line.values[0]).toBeNull();
    const bars = byKey([row(first, 'm', 1, null)], starts, (one) => one.cost);
    expect(total(bars[0]?.values ?? [])).toBeNull();
  });
  it('become CSV that no spreadsheet runs', () => {
    expect(toCsv(['a'], [['=1+1'], ['x"y'], [-5], [null]])).toBe(
      'a\r\n\'=1+1\r\n"x""y"\r\n-5\r\n\r\n',
    );
  });
});
