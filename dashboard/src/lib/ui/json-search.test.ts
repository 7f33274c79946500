import { expect, it } from 'vitest';
import { find } from './json-search';

it('finds names and values and opens what is above them', () => {
  const found = find({ a: [{ 'b/c': 'Needle' }], needle: 1 }, 'needle');
  expect([...found.hits]).toEqual(['/a/0/b~1c', '/needle']);
  expect([...found.open].sort()).toEqual(['', '/a', '/a/0']);
});

it('stops at a bound and says so', () => {
  const found = find(
    Array.from({ length: 1000 }, () => 'x'),
    'x',
  );
  expect(found.hits.size).toBe(500);
  expect(found.more).toBe(true);
});
