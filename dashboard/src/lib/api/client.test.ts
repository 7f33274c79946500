import { afterEach, expect, it, vi } from 'vitest';
import { ApiError, send } from './client';

afterEach(() => vi.unstubAllGlobals());

/** Where a page goes when an answer is 401 with these headers. */
async function goesTo(headers: Record<string, string>): Promise<string[]> {
  const assign = vi.fn<(to: string) => void>();
  vi.stubGlobal('window', { location: { pathname: '/replay/1', search: '?a=b', assign } });
  const answer = () => Promise.resolve(new Response('{"error":"no"}', { status: 401, headers }));
  vi.stubGlobal('fetch', answer);
  await expect(send('/api/requests/1/replay', { method: 'POST' })).rejects.toBeInstanceOf(ApiError);
  return assign.mock.calls.map(([to]) => to);
}

it('asks for the password when weir wants it', async () => {
  expect(await goesTo({})).toEqual(['/login?next=%2Freplay%2F1%3Fa%3Db']);
});

it('stays where it is when a provider wants another key', async () => {
  expect(await goesTo({ 'x-weir-request-id': '01-a' })).toEqual([]);
});
