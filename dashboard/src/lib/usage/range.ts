/** Days, weeks and months of the reader's own zone, and the buckets that they consist of. */
import type { Bucket } from '$lib/api/types';

export type Unit = 'day' | 'week' | 'month';

export interface Range {
  unit: Unit;
  start: Date;
  end: Date;
  bucket: Bucket;
  /** When each bucket begins, in ms since the epoch. */
  starts: number[];
  label: string;
}

/** The day that `YYYY-MM-DD` names, else today. */
export function readDay(text: string | null, now: Date): Date {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? '');
  if (!parts) return new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const day = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  return Number.isNaN(day.getTime()) ? readDay(null, now) : day;
}

/** The unit that a day lies in. Weeks begin on Monday. */
export function rangeOf(unit: Unit, day: Date): Range {
  const [y, m, d] = [day.getFullYear(), day.getMonth(), day.getDate()];
  const monday = d - ((day.getDay() + 6) % 7);
  const [start, end] = {
    day: [new Date(y, m, d), new Date(y, m, d + 1)],
    week: [new Date(y, m, monday), new Date(y, m, monday + 7)],
    month: [new Date(y, m, 1), new Date(y, m + 1, 1)],
  }[unit] as [Date, Date];
  const bucket = unit === 'day' ? 'hour' : 'day';
  return {
    unit,
    start,
    end,
    bucket,
    starts: bucketsOf(start, end, bucket),
    label: label(unit, start, end),
  };
}

function bucketsOf(start: Date, end: Date, bucket: 'hour' | 'day'): number[] {
  const starts: number[] = [];
  // Days of 23 and 25 hours have as many buckets; days go by the calendar.
  for (let n = 0; ; n += 1) {
    const at =
      bucket === 'hour'
        ? new Date(start.getTime() + n * 3_600_000)
        : new Date(start.getFullYear(), start.getMonth(), start.getDate() + n);
    if (at >= end) return starts;
    starts.push(at.getTime());
  }
}

function label(unit: Unit, start: Date, end: Date): string {
  const say = (date: Date, options: Intl.DateTimeFormatOptions) =>
    date.toLocaleDateString('en-GB', options);
  if (unit === 'day') {
    return say(start, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  }
  if (unit === 'month') return say(start, { month: 'long', year: 'numeric' });
  const last = new Date(end.getTime() - 12 * 3_600_000);
  const from = say(start, { day: 'numeric', month: 'short' });
  return `${from} – ${say(last, { day: 'numeric', month: 'short', year: 'numeric' })}`;
}

/** A day in the unit before or after. */
export function step(unit: Unit, day: Date, by: 1 | -1): Date {
  const [y, m, d] = [day.getFullYear(), day.getMonth(), day.getDate()];
  if (unit === 'month') return new Date(y, m + by, 1);
  return new Date(y, m, d + by * (unit === 'week' ? 7 : 1));
}

/** Which bucket an instant lies in; -1 before the first. */
export function placeOf(starts: readonly number[], at: number): number {
  return starts.findLastIndex((start) => start <= at);
}
