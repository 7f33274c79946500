// Filters of the audit as the address and the API have them, and how outcomes look.

import type { AuditEvent } from '$lib/api/types';

/** Filters by an exact value, with what they are called. */
export const EXACT = [
  ['action', 'Action'],
  ['actor', 'Actor'],
  ['outcome', 'Outcome'],
  ['project_id', 'Project'],
  ['token_id', 'Token'],
  ['client_ip', 'Address'],
  ['request_id', 'Request'],
  ['correlation_id', 'Correlation'],
  ['method', 'Method'],
  ['path', 'Path'],
] as const;

export type Exact = (typeof EXACT)[number][0];

export const OUTCOMES = ['success', 'failure', 'denied', 'error'] as const;

export function tone(outcome: string): 'green' | 'amber' | 'red' | 'grey' {
  if (outcome === 'success') return 'green';
  if (outcome === 'denied') return 'amber';
  return outcome === 'failure' || outcome === 'error' ? 'red' : 'grey';
}

/** The filters that an address sets, as the API takes them. */
export function asked(query: URLSearchParams): Record<string, string> {
  const names = ['search', 'start_time', 'end_time', ...EXACT.map(([name]) => name)];
  const found = names.map((name) => [name, query.get(name) ?? ''] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}

/** The page that an address names, from 1. */
export function pageOf(query: URLSearchParams): number {
  const page = Number(query.get('page') ?? 1);
  return Number.isSafeInteger(page) && page >= 1 ? page : 1;
}

/** Where a value leads: to all events with it. */
export function having(name: Exact, value: string): string {
  return `/audit?${new URLSearchParams({ [name]: value }).toString()}`;
}

/** What else an event says, in one line. */
export function more(event: Pick<AuditEvent, 'metadata'>): string {
  const said = event.metadata;
  if (typeof said !== 'object' || said === null) return '';
  return Object.entries(said)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
