import { describe, expect, it } from 'vitest';
import type { ContextPart } from '../api/types';
import { totals } from './kinds';
import { cells } from './layout';

const part = (kind: ContextPart['kind'], bytes: number, children?: ContextPart[]): ContextPart => ({
  kind,
  label: `${kind} ${String(bytes)}`,
  bytes,
  estimatedTokens: bytes / 4,
  ...(children ? { children } : {}),
});

describe('what fills a prompt', () => {
  const parts = [
    part('system', 100),
    part('tools', 300, [part('tools', 200), part('tools', 100)]),
    part('user', 0),
  ];
  it('is counted once, by kind, the largest first', () => {
    expect(totals(parts).map((one) => [one.kind, one.bytes, one.share])).toEqual([
      ['tools', 300, 0.75],
      ['system', 100, 0.25],
      ['user', 0, 0],
    ]);
    expect(totals([])).toEqual([]);
  });
  it('has areas of its sizes, within its bounds', () => {
    const made = cells(parts, 400, 100);
    const area = (bytes: number): number => {
      const one = made.find((it) => it.part.bytes === bytes && it.part.kind === 'tools');
      return (one?.width ?? 0) * (one?.height ?? 0);
    };
    expect(area(200) / area(100)).toBeGreaterThan(1.8);
    for (const one of made) {
      expect(one.x + one.width).toBeLessThanOrEqual(400.01);
      expect(one.y + one.height).toBeLessThanOrEqual(100.01);
    }
    expect(cells(parts, 0, 100)).toEqual([]);
    expect(cells([], 10, 10)).toEqual([]);
  });
  it('is bounded', () => {
    expect(
      cells(
        Array.from({ length: 5000 }, (_, i) => part('other', i + 1)),
        2000,
        2000,
      ).length,
    ).toBeLessThanOrEqual(401);
  });
});
