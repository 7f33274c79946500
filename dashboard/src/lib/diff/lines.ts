// Lines and words of two texts, compared. Large texts are bounded in time, never in content: what cannot be compared
// in the time is shown as removed and added whole.

import { diffArrays, diffWordsWithSpace } from 'diff';

export type Change = 'same' | 'added' | 'removed';

export interface Line {
  readonly change: Change;
  readonly text: string;
  /** Its number on the left, from 1; absent where it is only on the right. */
  readonly left?: number;
  readonly right?: number;
}

export interface Word {
  readonly change: Change;
  readonly text: string;
}

/** Comparing gives up after this many milliseconds. */
const PATIENCE = 1500;

export function lines(text: string): string[] {
  return text === '' ? [] : text.split(/\r\n|\n|\r/);
}

export function lineDiff(left: string, right: string): Line[] {
  const a = lines(left);
  const b = lines(right);
  const parts = diffArrays(a, b, { timeout: PATIENCE });
  if (parts === undefined)
    return number([
      [a, 'removed'],
      [b, 'added'],
    ]);
  return number(
    parts.map((part) => [part.value, part.added ? 'added' : part.removed ? 'removed' : 'same']),
  );
}

function number(parts: readonly (readonly [readonly string[], Change])[]): Line[] {
  const made: Line[] = [];
  let left = 0;
  let right = 0;
  for (const [texts, change] of parts) {
    for (const text of texts) {
      if (change !== 'added') left++;
      if (change !== 'removed') right++;
      made.push({
        change,
        text,
        ...(change === 'added' ? {} : { left }),
        ...(change === 'removed' ? {} : { right }),
      });
    }
  }
  return made;
}

/** Word by word, for a line that was changed. Lines beyond this length are not worth it. */
const LONGEST = 4000;

export function wordDiff(left: string, right: string): Word[] {
  const whole: Word[] = [
    { change: 'removed', text: left },
    { change: 'added', text: right },
  ];
  if (left.length > LONGEST || right.length > LONGEST) return whole;
  const parts = diffWordsWithSpace(left, right, { timeout: PATIENCE });
  if (parts === undefined) return whole;
  return parts.map((part) => ({
    change: part.added ? 'added' : part.removed ? 'removed' : 'same',
    text: part.value,
  }));
}

export interface Hunk {
  readonly lines: readonly Line[];
  /** Unchanged lines left out in front of it. */
  readonly skipped: number;
}

/** The changes with a few lines around each; `after` counts what follows the last one. */
export function hunks(all: readonly Line[], context = 3): { hunks: Hunk[]; after: number } {
  const keep = new Array<boolean>(all.length).fill(false);
  all.forEach((line, at) => {
    if (line.change === 'same') return;
    for (let i = Math.max(0, at - context); i <= Math.min(all.length - 1, at + context); i++)
      keep[i] = true;
  });
  const made: Hunk[] = [];
  let skipped = 0;
  let open: Line[] = [];
  const close = (): void => {
    if (open.length > 0) made.push({ lines: open, skipped });
    if (open.length > 0) skipped = 0;
    open = [];
  };
  all.forEach((line, at) => {
    if (keep[at] === true) {
      open.push(line);
    } else {
      close();
      skipped++;
    }
  });
  close();
  return { hunks: made, after: skipped };
}

export interface Counts {
  readonly added: number;
  readonly removed: number;
}

export function counts(all: readonly Line[]): Counts {
  return {
    added: all.filter((one) => one.change === 'added').length,
    removed: all.filter((one) => one.change === 'removed').length,
  };
}
