// Two conversations, entry by entry: what is the same, what was changed, added, removed.

import { diffArrays } from 'diff';
import type { Message } from '../dialects/view';

export type Fate = 'unchanged' | 'modified' | 'added' | 'removed';

export interface Pair {
  readonly fate: Fate;
  readonly left?: Message;
  readonly right?: Message;
}

export interface Tally {
  readonly unchanged: number;
  readonly modified: number;
  readonly added: number;
  readonly removed: number;
}

/** Comparing gives up after this many milliseconds and pairs by place. */
const PATIENCE = 1500;

/**
 * Equal keys are the same message. Between two runs of those, removed and added ones of the same role are taken for one
 * that was modified, in order.
 */
export function messageDiff(left: readonly Message[], right: readonly Message[]): Pair[] {
  const parts = diffArrays([...left], [...right], {
    comparator: (a, b) => a.key === b.key,
    timeout: PATIENCE,
  });
  if (parts === undefined) return byPlace(left, right);
  const made: Pair[] = [];
  let l = 0;
  let r = 0;
  let gone: Message[] = [];
  let come: Message[] = [];
  const settle = (): void => {
    made.push(...matched(gone, come));
    gone = [];
    come = [];
  };
  for (const part of parts) {
    const n = part.value.length;
    if (part.removed) {
      gone.push(...left.slice(l, l + n));
      l += n;
    } else if (part.added) {
      come.push(...right.slice(r, r + n));
      r += n;
    } else {
      settle();
      for (let i = 0; i < n; i++) made.push(pair('unchanged', left[l + i], right[r + i]));
      l += n;
      r += n;
    }
  }
  settle();
  return made;
}

function pair(fate: Fate, left?: Message, right?: Message): Pair {
  return {
    fate,
    ...(left === undefined ? {} : { left }),
    ...(right === undefined ? {} : { right }),
  };
}

function matched(gone: readonly Message[], come: readonly Message[]): Pair[] {
  const made: Pair[] = [];
  let next = 0;
  for (const old of gone) {
    const at = come.findIndex((one, index) => index >= next && one.role === old.role);
    if (at < 0) {
      made.push(pair('removed', old));
      continue;
    }
    for (; next < at; next++) made.push(pair('added', undefined, come[next]));
    made.push(pair('modified', old, come[at]));
    next = at + 1;
  }
  for (; next < come.length; next++) made.push(pair('added', undefined, come[next]));
  return made;
}

function byPlace(left: readonly Message[], right: readonly Message[]): Pair[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
    const a = left[at];
    const b = right[at];
    if (a === undefined) return pair('added', undefined, b);
    if (b === undefined) return pair('removed', a);
    return pair(a.key === b.key ? 'unchanged' : 'modified', a, b);
  });
}

export function tally(pairs: readonly Pair[]): Tally {
  const count = (fate: Fate): number => pairs.filter((one) => one.fate === fate).length;
  return {
    unchanged: count('unchanged'),
    modified: count('modified'),
    added: count('added'),
    removed: count('removed'),
  };
}
