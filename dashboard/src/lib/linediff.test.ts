import { describe, expect, it } from 'vitest';
import { counts, diffLines } from './linediff';

describe('diffLines', () => {
  it('finds what changed and numbers both sides', () => {
    const lines = diffLines('a\nb\nc\nd', 'a\nc\nx\nd');
    expect(lines.map((line) => `${line.kind[0] ?? ''}${line.text}`)).toEqual(['sa', 'rb', 'sc', 'ax', 'sd']);
    expect(lines[2]).toMatchObject({ left: 3, right: 2 });
    expect(counts(lines)).toEqual({ added: 1, removed: 1 });
  });
  it('puts both texts together again', () => {
    const random = (seed: number): string => {
      let state = seed;
      return Array.from({ length: 60 }, () => ((state = (state * 1103515245 + 12345) % 2147483648), String(state % 7))).join('\n');
    };
    for (let seed = 1; seed < 30; seed += 1) {
      const [a, b] = [random(seed), random(seed * 31)];
      const lines = diffLines(a, b);
      expect(lines.filter((line) => line.kind !== 'added').map((line) => line.text).join('\n')).toBe(a);
      expect(lines.filter((line) => line.kind !== 'removed').map((line) => line.text).join('\n')).toBe(b);
    }
  });
  it('takes empty and large texts', () => {
    expect(diffLines('', '')).toEqual([]);
    expect(diffLines('', 'a')).toMatchObject([{ kind: 'added' }]);
    const many = Array.from({ length: 5000 }, (_, at) => `l${String(at)}`).join('\n');
    expect(counts(diffLines(many, many.replaceAll('l', 'm')))).toEqual({ added: 5000, removed: 5000 });
  });
});
