// What tools gave back, in the form that is best looked at. The text itself is never changed or cut here: a caller
// that shows the plain form can always show the whole.

import { parse, pretty } from '../dialects/json';

export type ResultView =
  | { readonly kind: 'code'; readonly code: string; readonly first: number }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string };

const NUMBERED = /^\s*(\d+)(?:→|\t|: ?|\| ?)(.*)$/;

/** Output of `cat -n` and of file readers: numbers that ascend by one from the first line on. */
export function numbered(text: string): { code: string; first: number; after: string } | undefined {
  const lines = text.split('\n');
  const code: string[] = [];
  let first = 0;
  let at = 0;
  for (; at < lines.length; at++) {
    const found = NUMBERED.exec(lines[at] ?? '');
    if (found === null) break;
    const number = Number(found[1]);
    if (at === 0) first = number;
    else if (number !== first + at) break;
    code.push((found[2] ?? '').replace(/\r$/, ''));
  }
  if (code.length < 2 && !/→|\t/.test(lines[0] ?? '')) return undefined;
  if (code.length === 0) return undefined;
  return { code: code.join('\n'), first, after: lines.slice(at).join('\n') };
}

/** What follows the numbered lines (reminders, notes) is its own part. */
export function resultViews(text: string): ResultView[] {
  const found = numbered(text);
  if (found !== undefined) {
    const code: ResultView = { kind: 'code', code: found.code, first: found.first };
    return found.after.trim() === '' ? [code] : [code, { kind: 'text', text: found.after }];
  }
  const head = text.trimStart()[0];
  const value = head === '{' || head === '[' ? parse(text) : undefined;
  if (typeof value === 'object' && value !== null) return [{ kind: 'json', text: pretty(value) }];
  return [{ kind: 'text', text }];
}
