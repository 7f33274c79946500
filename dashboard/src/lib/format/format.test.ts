import { describe, expect, it } from 'vitest';
import { ago, bytes, counted, duration, family, money, NONE, share, short } from './format';

describe('figures', () => {
  it('never say 0 for what is not known', () => {
    for (const say of [short, bytes, duration, money, share]) {
      expect(say(null)).toBe(NONE);
      expect(say(undefined)).toBe(NONE);
    }
  });
  it('keep small money visible', () => {
    expect(money(0)).toBe('$0');
    expect(money(0.00001)).toBe('<$0.0001');
    expect(money(0.0123)).toBe('$0.012');
    expect(money(1234.5)).toBe('$1,235');
  });
  it('round without odd units', () => {
    expect(short(999)).toBe('999');
    expect(short(999_999)).toBe('1M');
    expect(short(12_340)).toBe('12.3k');
    expect(bytes(1500)).toBe('1.5 kB');
    expect(duration(999.7)).toBe('1.00 s');
    expect(duration(59_999)).toBe('1 m 00 s');
    expect(duration(3_600_000)).toBe('1 h 00 m');
    expect(share(0.1234)).toBe('12.3%');
  });
  it('say how long ago', () => {
    expect(ago(0, 5 * 60_000)).toBe('5 min ago');
    expect(ago(3 * 3_600_000, 0)).toBe('in 3 h');
  });
  it('know families of models', () => {
    expect(family('claude-opus-4')).toBe('opus');
    expect(family('o3-mini')).toBe('gpt');
    expect(family(undefined)).toBe('other');
  });
});

it('says one of a thing and many of it', () => {
  expect([0, 1, 2, 1234, null].map((n) => counted(n, 'failure'))).toEqual([
    '0 failures',
    '1 failure',
    '2 failures',
    '1,234 failures',
    '– failures',
  ]);
  expect(counted(2, 'query', 'queries')).toBe('2 queries');
});
