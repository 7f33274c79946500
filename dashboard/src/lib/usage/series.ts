/** From rows of figures to what a chart draws: one list of values for each key. */
import type { AnalyticsRow, Percentiles } from '$lib/api/types';
import { placeOf } from './range';

export interface Series {
  name: string;
  /** One for each bucket; null where nothing is known. */
  values: (number | null)[];
}

type Read = (row: AnalyticsRow) => number | null;

export const MOST_SERIES = 8;

/** One series for each key, the largest first; what is beyond the eighth is summed up. */
export function byKey(
  rows: readonly AnalyticsRow[],
  starts: readonly number[],
  read: Read,
): Series[] {
  const lists = new Map<string, (number | null)[]>();
  for (const row of rows) {
    const place = row.bucket === null ? -1 : placeOf(starts, Date.parse(row.bucket));
    if (place < 0) continue;
    const name = row.key ?? 'none';
    const values = lists.get(name) ?? starts.map(() => null);
    lists.set(name, values);
    values[place] = add(values[place] ?? null, read(row));
  }
  const series = [...lists].map(([name, values]) => ({ name, values }));
  series.sort((a, b) => sum(b.values) - sum(a.values));
  if (series.length <= MOST_SERIES) return series;
  const rest = series.splice(MOST_SERIES - 1);
  const values = starts.map((_, at) =>
    rest.reduce<number | null>((all, one) => add(all, one.values[at] ?? null), null),
  );
  return [...series, { name: `${rest.length} others`, values }];
}

/** Nothing known of a part does not make the rest unknown, nor known nothing of it. */
function add(a: number | null, b: number | null): number | null {
  return b === null ? a : (a ?? 0) + b;
}

/** One series of one figure, gaps where there is none. */
export function lineOf(
  name: string,
  rows: readonly AnalyticsRow[],
  starts: readonly number[],
  read: Read,
): Series {
  const values: (number | null)[] = starts.map(() => null);
  for (const row of rows) {
    const place = row.bucket === null ? -1 : placeOf(starts, Date.parse(row.bucket));
    if (place >= 0) values[place] = read(row);
  }
  return { name, values };
}

/** The usual percentiles as lines. */
export function percentileLines(
  rows: readonly AnalyticsRow[],
  starts: readonly number[],
  read: (row: AnalyticsRow) => Percentiles | null,
): Series[] {
  return (['p50', 'p95', 'p99'] as const).map((name) =>
    lineOf(name, rows, starts, (row) => read(row)?.[name] ?? null),
  );
}

/** Null when not one of them is known. */
export function total(values: readonly (number | null)[]): number | null {
  return values.some((value) => value !== null) ? sum(values) : null;
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((all, value) => all + (value ?? 0), 0);
}

/** A table as CSV; formulas of spreadsheets are made harmless. */
export function toCsv(
  head: readonly string[],
  rows: readonly (string | number | null)[][],
): string {
  const cell = (value: string | number | null) => {
    if (value === null) return '';
    let text = String(value);
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}
