/** Questions that tests put to the API themselves. */
import { expect } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import type { RequestLog, RequestSummary } from '../src/lib/api/types';

export async function get<T>(weir: string, path: string): Promise<T> {
  const answer = await fetch(weir + path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

export function exchange(weir: string, id: string): Promise<RequestLog> {
  return get<RequestLog>(weir, `/api/requests/${id}`);
}

interface Listed {
  requests: RequestSummary[];
  nextCursor: string | null;
}

/** The newest captured exchanges that fit, at most `limit` of the query. */
export async function found(weir: string, query: string): Promise<RequestSummary[]> {
  const most = Number(new URLSearchParams(query).get('limit') ?? Infinity);
  const rows: RequestSummary[] = [];
  let cursor: string | null = null;
  // A page ends when the time to look for it is up, be it empty.
  do {
    const after = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Listed = await get(weir, `/api/requests/summary?${query}${after}`);
    rows.push(...page.requests);
    cursor = page.nextCursor;
  } while (rows.length < most && cursor !== null);
  return rows.slice(0, most);
}

/** The newest captured exchange that fits, asked for until its end is recorded. */
export async function captured(weir: string, query: string): Promise<string> {
  let id = '';
  await expect
    .poll(async () => {
      const list = await found(weir, query);
      id = list.find((one) => one.state !== 'open')?.requestId ?? '';
      return id;
    })
    .not.toBe('');
  return id;
}

/** What is saved when something is done. */
export async function saved(page: Page, act: () => Promise<void>): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), act()]);
  return readFile(await download.path(), 'utf8');
}
