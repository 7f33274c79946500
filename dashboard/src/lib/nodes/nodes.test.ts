import { describe, expect, it } from 'vitest';
import type { Node } from '$lib/api/types';
import { health, oddities, skew } from './nodes';

const NODE: Node = {
  id: 'a',
  this: true,
  host: 'one',
  address: 'http://10.0.0.5:3001',
  version: '1.0.0',
  started_ms: 0,
  in_flight: 0,
  state: 'serving',
  database: 'postgres',
  sees_database: true,
  sees_redis: true,
  clock_ms: 12,
  seen_ms: 0,
};

describe('nodes', () => {
  it('say how they see what they share, and nothing of what they do not have', () => {
    expect(health({ ...NODE, sees_database: false, clock_ms: -3200 })).toEqual([
      { name: 'Redis', value: 'reached', tone: 'green' },
      { name: 'PostgreSQL', value: 'not reached', tone: 'red' },
      { name: 'Clock', value: '3.2 s behind', tone: 'amber' },
    ]);
    const alone = { database: null, sees_database: null, sees_redis: null, clock_ms: null };
    expect(health({ ...NODE, ...alone })).toEqual([]);
  });

  it('tell how far a clock is off', () => {
    expect([0, 12, -950, 1234].map(skew)).toEqual([
      'the same',
      '12 ms ahead',
      '950 ms behind',
      '1.2 s ahead',
    ]);
  });

  it('that are alike have nothing odd', () => {
    expect(oddities([])).toEqual([]);
    expect(oddities([NODE, { ...NODE, id: 'b' }])).toEqual([]);
    expect(oddities([{ ...NODE, database: null }])).toEqual([]);
  });

  it('that differ are told of', () => {
    const other = { ...NODE, id: 'b', host: 'two', version: '1.1.0', clock_ms: 5000 };
    expect(oddities([NODE, other])).toEqual([
      'They run different versions: 1.0.0, 1.1.0.',
      'The clock is off at two: is NTP running?',
    ]);
    expect(oddities([NODE, { ...NODE, database: 'sqlite' }])[0]).toContain('different databases');
    expect(oddities([NODE, { ...NODE, database: null }])[0]).toContain('others have none');
  });
});
