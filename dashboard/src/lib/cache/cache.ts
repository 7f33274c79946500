// Figures of the response cache, and what is to go from it.

import type { CachePurge, CacheState, EffectiveSetting, Token } from '$lib/api/types';
import type { Tile } from '$lib/exchange/Tiles.svelte';
import { bytes, count, share } from '$lib/format/format';

/** The part of the room that is taken; null where the place bounds itself, or has none. */
export function taken({ bytes, max_bytes }: CacheState): number | null {
  return max_bytes ? bytes / max_bytes : null;
}

/** Settings of the cache, but for whether it is on. */
export function settingsOf(all: readonly EffectiveSetting[]): EffectiveSetting[] {
  return all.filter(({ path }) => path.startsWith('cache.') && path !== 'cache.enabled');
}

/** Where answers are kept, in words. */
export function place({ backend }: CacheState): string {
  if (backend === 'memory') return 'in the memory of this process';
  return backend === 'redis' ? 'in a Redis that gateways share' : `in ${backend}`;
}

export function tiles(state: CacheState): Tile[] {
  const full = taken(state);
  return [
    { name: 'Hit rate', value: share(state.hit_rate), note: 'of requests for it' },
    { name: 'Hits', value: count(state.hits), note: 'answered from it' },
    { name: 'Misses', value: count(state.misses), note: 'nothing was found' },
    { name: 'Bypasses', value: count(state.bypasses), note: 'asked for it in vain' },
    { name: 'Stored', value: count(state.stores), note: 'answers' },
    { name: 'Revalidated', value: count(state.revalidations), note: 'held still' },
    { name: 'Refreshed', value: count(state.refreshes), note: 'behind what was given' },
    { name: 'Collapsed', value: count(state.collapsed), note: 'waited for the first' },
    { name: 'Dropped', value: count(state.dropped), note: 'broken off, too large' },
    {
      name: 'Errors',
      value: count(state.errors),
      note: 'where they are kept',
      tone: state.errors > 0 ? 'warn' : undefined,
    },
    { name: 'Entries', value: count(state.entries), note: 'at this moment' },
    {
      name: 'Size',
      value: bytes(state.bytes),
      note: state.max_bytes === null ? 'its place bounds it' : `of ${bytes(state.max_bytes)}`,
      tone: full !== null && full >= 0.9 ? 'warn' : undefined,
    },
  ];
}

/** A token with what it got from the cache. */
export interface TokenHits {
  token: Token;
  hits: number;
  /** Of all its requests; those that went on are counted apart. */
  rate: number;
}

/** Tokens that got something from the cache, those with the most first. */
export function hitsOf(tokens: readonly Token[]): TokenHits[] {
  return tokens
    .filter((token) => token.cache_hit_count > 0)
    .map((token) => {
      const hits = token.cache_hit_count;
      return { token, hits, rate: hits / (hits + token.request_count) };
    })
    .toSorted((a, b) => b.hits - a.hits);
}

export const KINDS = [
  ['path', 'A path'],
  ['key', 'A key'],
  ['project', 'A project'],
  ['all', 'Everything'],
] as const;
export type Kind = (typeof KINDS)[number][0];

export interface PurgeDraft {
  kind: Kind;
  method: string;
  url: string;
  prefix: string;
  project: string;
}

/** What the API takes, or what is wrong with what was typed, by its names. */
export function purgeOf(draft: PurgeDraft): {
  body: Partial<CachePurge>;
  faults: Record<string, string>;
} {
  const faults: Record<string, string> = {};
  const [url, prefix] = [draft.url.trim(), draft.prefix.trim()];
  const project = draft.project === '' ? {} : { project_id: draft.project };
  switch (draft.kind) {
    case 'path':
      if (!/^(\/|https?:\/\/)/.test(url)) faults['url'] = 'A path such as /v1/models.';
      return { body: { method: draft.method, url, ...project }, faults };
    case 'key':
      if (!/^[0-9a-f]{1,64}$/i.test(prefix)) faults['prefix'] = '1 to 64 hexadecimal digits.';
      return { body: { prefix }, faults };
    case 'project':
      if (draft.project === '') faults['project_id'] = 'Choose a project.';
      return { body: project, faults };
    case 'all':
      return { body: { all: true }, faults };
  }
}

/** What went, in words: of a path it is only said whether anything did. */
export function gone(deleted: boolean | number): string {
  if (deleted === true) return 'What was kept of it is gone.';
  if (deleted === false || deleted === 0) return 'Nothing of it was kept.';
  return deleted === 1 ? 'One answer is gone.' : `${count(deleted)} answers are gone.`;
}
