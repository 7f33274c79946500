import { describe, expect, it } from 'vitest';
import type { CacheState, Token } from '$lib/api/types';
import { gone, hitsOf, place, purgeOf, taken, tiles, type PurgeDraft } from './cache';

const STATE: CacheState = {
  enabled: true,
  hits: 6,
  misses: 3,
  bypasses: 1,
  stores: 3,
  revalidations: 0,
  refreshes: 0,
  collapsed: 0,
  dropped: 0,
  hit_rate: 2 / 3,
  backend: 'memory',
  reachable: true,
  errors: 0,
  entries: 3,
  bytes: 950,
  max_bytes: 1000,
  projects: null,
};
const DRAFT: PurgeDraft = { kind: 'path', method: 'GET', url: '', prefix: '', project: '' };

describe('figures of the cache', () => {
  const value = (state: CacheState, name: string) => tiles(state).find((one) => one.name === name);

  it('warn where its room is nearly taken, and of errors', () => {
    expect(value(STATE, 'Size')).toMatchObject({ value: '950 B', note: 'of 1 kB', tone: 'warn' });
    expect(value({ ...STATE, bytes: 100 }, 'Size')?.tone).toBeUndefined();
    expect(value({ ...STATE, errors: 2 }, 'Errors')?.tone).toBe('warn');
  });

  it('know of places without a bound, and of no rate before the first request', () => {
    const shared = { ...STATE, backend: 'redis', max_bytes: null, hit_rate: null };
    expect(taken(shared)).toBeNull();
    expect(value(shared, 'Size')?.note).toBe('its place bounds it');
    expect(value(shared, 'Hit rate')?.value).toBe('–');
    expect(place(shared)).toContain('Redis');
    expect(place({ ...STATE, backend: 'disk' })).toBe('in disk');
  });

  it('put the token with the most hits first and leave out those without', () => {
    const token = (id: string, cache_hit_count: number, request_count: number) =>
      ({ id, cache_hit_count, request_count }) as Token;
    const found = hitsOf([token('a', 1, 3), token('b', 0, 9), token('c', 4, 0)]);
    expect(found.map(({ token: { id }, rate }) => [id, rate])).toEqual([
      ['c', 1],
      ['a', 0.25],
    ]);
  });
});

describe('a purge', () => {
  it('says what the API takes, and of each kind no more', () => {
    const all = { ...DRAFT, url: ' /v1/models?limit=5 ', prefix: ' 3F9a ', project: 'p' };
    expect(purgeOf(all).body).toEqual({
      method: 'GET',
      url: '/v1/models?limit=5',
      project_id: 'p',
    });
    expect(purgeOf({ ...all, kind: 'key' }).body).toEqual({ prefix: '3F9a' });
    expect(purgeOf({ ...all, kind: 'project' }).body).toEqual({ project_id: 'p' });
    expect(purgeOf({ ...all, kind: 'all' })).toEqual({ body: { all: true }, faults: {} });
  });

  it('is not sent where something is missing or no such thing', () => {
    const field = (draft: Partial<PurgeDraft>) =>
      Object.keys(purgeOf({ ...DRAFT, ...draft }).faults);
    expect(field({})).toEqual(['url']);
    expect(field({ url: 'v1/models' })).toEqual(['url']);
    expect(field({ url: 'https://weir.example/v1/models' })).toEqual([]);
    expect(field({ kind: 'key', prefix: 'xyz' })).toEqual(['prefix']);
    expect(field({ kind: 'key', prefix: 'a'.repeat(65) })).toEqual(['prefix']);
    expect(field({ kind: 'project' })).toEqual(['project_id']);
  });

  it('is told in words', () => {
    expect([true, false, 0, 1, 1200].map(gone)).toEqual([
      'What was kept of it is gone.',
      'Nothing of it was kept.',
      'Nothing of it was kept.',
      'One answer is gone.',
      '1,200 answers are gone.',
    ]);
  });
});
