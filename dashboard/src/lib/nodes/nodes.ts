// What is to be said of nodes that work together.

import type { Node } from '$lib/api/types';

export type Tone = 'green' | 'amber' | 'red' | 'grey';

export const STATES: Record<Node['state'], { label: string; tone: Tone }> = {
  starting: { label: 'starting', tone: 'grey' },
  serving: { label: 'serving', tone: 'green' },
  draining: { label: 'draining', tone: 'amber' },
};

/** A clock that is off by more makes what nodes tell of moments differ to the eye, in milliseconds. */
const OFF_MS = 1000;

export interface Fact {
  name: string;
  value: string;
  tone: Tone;
}

/** How a node sees what it shares with others; nothing of what it does not have. */
export function health(node: Node): Fact[] {
  const facts: Fact[] = [];
  const sees = (name: string, well: boolean | null) => {
    if (well !== null)
      facts.push({ name, value: well ? 'reached' : 'not reached', tone: well ? 'green' : 'red' });
  };
  sees('Redis', node.sees_redis);
  sees(DATABASES[node.database ?? ''] ?? node.database ?? 'Database', node.sees_database);
  if (node.clock_ms !== null) {
    const tone = Math.abs(node.clock_ms) > OFF_MS ? 'amber' : 'green';
    facts.push({ name: 'Clock', value: skew(node.clock_ms), tone });
  }
  return facts;
}

const DATABASES: Record<string, string> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  mysql: 'MySQL',
};

/** `12 ms ahead`, `3.2 s behind`, by the clock of Redis. */
export function skew(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1) return 'the same';
  const text = size < 1000 ? `${Math.round(size)} ms` : `${(size / 1000).toFixed(1)} s`;
  return `${text} ${ms > 0 ? 'ahead' : 'behind'}`;
}

/** What is not as it should be among them, in sentences. */
export function oddities(nodes: readonly Node[]): string[] {
  const found: string[] = [];
  const versions = [...new Set(nodes.map((node) => node.version))].toSorted();
  if (versions.length > 1) found.push(`They run different versions: ${versions.join(', ')}.`);
  const databases = [...new Set(nodes.flatMap((node) => node.database ?? []))];
  if (databases.length > 1)
    found.push('They keep projects in different databases: each knows other tokens.');
  else if (databases.length === 1 && nodes.some((node) => node.database === null))
    found.push('Some keep projects and others have none: those let clients in without a token.');
  const off = nodes.filter(({ clock_ms }) => clock_ms !== null && Math.abs(clock_ms) > OFF_MS);
  if (off.length > 0)
    found.push(`The clock is off at ${off.map((node) => node.host).join(', ')}: is NTP running?`);
  return found;
}
