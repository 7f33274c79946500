import { describe, expect, it } from 'vitest';
import { viewRequest } from '../dialects';
import { compare, toDiff, toJson, toMarkdown } from './compare';
import { hunks, lineDiff, wordDiff } from './lines';
import { messageDiff } from './messages';

const view = (...texts: string[]) =>
  viewRequest('anthropic_messages', {
    model: 'm',
    messages: texts.map((text, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: text,
    })),
  });

describe('lines', () => {
  it('give both texts again', () => {
    const samples: [string, string][] = [
      ['', ''],
      ['a\nb', 'a\nc'],
      ['x', ''],
      ['a\nb\nc\nd', 'b\nc\ne'],
      ['a\n', 'a'],
    ];
    for (const [left, right] of samples) {
      const all = lineDiff(left, right);
      const side = (not: string) =>
        all
          .filter((one) => one.change !== not)
          .map((one) => one.text)
          .join('\n');
      expect(side('added')).toBe(left);
      expect(side('removed')).toBe(right);
    }
  });

  it('are numbered on their own side', () => {
    expect(lineDiff('a\nb', 'a\nx\nb')).toEqual([
      { change: 'same', text: 'a', left: 1, right: 1 },
      { change: 'added', text: 'x', right: 2 },
      { change: 'same', text: 'b', left: 2, right: 3 },
    ]);
  });

  it('fold what did not change', () => {
    const many = Array.from({ length: 40 }, (_, i) => `line ${String(i)}`);
    const changed = [...many];
    changed[20] = 'other';
    const folded = hunks(lineDiff(many.join('\n'), changed.join('\n')));
    expect(folded.hunks).toHaveLength(1);
    expect(folded.hunks[0]?.skipped).toBe(17);
    expect(folded.after).toBe(16);
  });

  it('compare words', () => {
    expect(
      wordDiff('let a = 1', 'let b = 1')
        .filter((one) => one.change !== 'same')
        .map((one) => one.text),
    ).toEqual(['a', 'b']);
  });

  it('end in time on large texts', () => {
    const left = Array.from({ length: 20_000 }, (_, i) => `l${String(i)}`).join('\n');
    const right = Array.from({ length: 20_000 }, (_, i) => `r${String(i)}`).join('\n');
    const started = performance.now();
    expect(lineDiff(left, right).filter((one) => one.change === 'added')).toHaveLength(20_000);
    expect(performance.now() - started).toBeLessThan(6000);
  });
});

describe('messages', () => {
  const fates = (left: string[], right: string[]) =>
    messageDiff(view(...left).messages, view(...right).messages).map((one) => one.fate);

  it('are unchanged, modified, added or removed', () => {
    expect(fates(['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual([
      'unchanged',
      'modified',
      'unchanged',
      'added',
    ]);
    expect(fates(['a', 'b'], ['a'])).toEqual(['unchanged', 'removed']);
    expect(fates([], [])).toEqual([]);
  });
});

describe('a comparison', () => {
  const side = (id: string, ...texts: string[]) => ({
    id,
    view: view(...texts),
    headers: { accept: ['*/*'] },
    answer: id,
  });
  const made = compare(side('left', 'a\nb', 'same'), side('right', 'a\nc', 'same', '```` fence'));

  it('is a patch', () => {
    expect(toDiff(made)).toContain(
      '--- left/messages/0\n+++ right/messages/0\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n',
    );
  });
  it('is Markdown whose fence holds what is in it', () => {
    expect(toMarkdown(made)).toContain('`````diff');
  });
  it('is JSON with both sides whole', () => {
    const read = JSON.parse(toJson(made)) as { left: { body: unknown }; tally: unknown };
    expect(read.left.body).toEqual(made.left.view.raw);
    expect(read.tally).toEqual({ unchanged: 1, modified: 1, added: 1, removed: 0 });
  });
});
