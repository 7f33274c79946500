import { describe, expect, it } from 'vitest';
import type { EventsView, SinkView } from '$lib/api/types';
import { figures, lag, standing, tiles } from './events';

const SINK: SinkView = {
  name: 'log',
  kind: 'file',
  group: 'log',
  waiting: 0,
  pending: 0,
  delivered: 0,
  skipped: 0,
  refused: 0,
  retried: 0,
  dropped: 0,
  dead: 0,
  dead_kept: 0,
  dead_letters: [],
};
const VIEW: EventsView = {
  enabled: true,
  bus: 'memory',
  dispatch: true,
  made: 5,
  unmade: 0,
  bodies_dropped: 0,
  sinks: [],
};
const EARLY = '2026-11-21T10:00:00Z';
const LATE = '2026-11-21T10:00:07Z';

describe('a sink', () => {
  it('stands as it did last', () => {
    expect(standing(SINK).label).toBe('nothing yet');
    expect(standing({ ...SINK, last_success: EARLY }).tone).toBe('green');
    expect(standing({ ...SINK, last_success: EARLY, last_failure: LATE }).label).toBe('failing');
    expect(standing({ ...SINK, last_failure: EARLY, last_success: LATE }).tone).toBe('green');
    expect(standing({ ...SINK, last_failure: EARLY }).tone).toBe('red');
  });

  it('lags by what has waited longest, and by nothing where clocks differ', () => {
    const waits = { ...SINK, oldest_waiting: EARLY };
    expect(lag(SINK, Date.parse(LATE))).toBeUndefined();
    expect(lag(waits, Date.parse(LATE))).toBe('7 s');
    expect(lag(waits, Date.parse(EARLY) - 5000)).toBe('0 s');
  });

  it('marks what is lost, and only that', () => {
    const busy = { ...SINK, waiting: 3, retried: 2, refused: 1, dead: 1 };
    const bad = figures(busy, true).filter((one) => one.bad);
    expect(bad.map(({ name }) => name)).toEqual(['Refused', 'Dead']);
  });
});

it('is known by what waits for it where others deliver', () => {
  const names = figures({ ...SINK, waiting: 3, pending: 1 }, false).map(({ name }) => name);
  expect(names).toEqual(['Waiting', 'Held']);
});

describe('figures of events', () => {
  it('tell of a stream where there is one', () => {
    expect(tiles(VIEW).map(({ name }) => name)).toEqual(['Made', 'Not made', 'Bodies left out']);
    const stream = { key: 'events', connected: false, waiting: 2, published: 3, dropped: 0 };
    const [, , , published, waiting, , kept] = tiles({ ...VIEW, bus: 'redis', stream });
    expect([published?.value, waiting?.tone, kept?.value]).toEqual(['3', 'warn', '–']);
  });
});
