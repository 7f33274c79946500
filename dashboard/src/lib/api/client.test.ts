import { afterEach, expect, it, vi } from 'vitest';
import { api, ApiError, apiUrl, send } from './client';

afterEach(() => vi.unstubAllGlobals());

/** Answers every call, and tells what was asked. */
function answer(body: unknown, status = 200): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request);
    const headers = { 'content-type': 'application/json' };
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
  });
  return asked;
}

it('asks for what is set and nothing else', async () => {
  const asked = answer({ requests: [] });
  await api.requests.summary({ q: 'a b&c', model: '', provider: undefined, limit: 5 });
  const url = new URL(asked[0]?.url ?? '');
  expect(url.pathname + url.search).toBe('/api/requests/summary?q=a+b%26c&limit=5');
  expect(apiUrl('/x', { a: null, b: 0 })).toBe('/x?b=0');
});

it('puts names into the path as text', async () => {
  const asked = answer({});
  await api.providers.actOnKey('a/b', 'k 1', 'reset');
  expect(asked.map((one) => [one.method, new URL(one.url).pathname])).toEqual([
    ['POST', '/api/providers/a%2Fb/keys/k%201/reset'],
  ]);
});

it('throws what the API says is wrong', async () => {
  answer({ error: 'no such header', field: 'requestHeaderRules[0].header' }, 400);
  const rules = { requestHeaderRules: [], responseHeaderRules: [] };
  const thrown = await api.settings.put(rules).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ApiError);
  expect(thrown).toMatchObject({
    status: 400,
    message: 'no such header',
    field: 'requestHeaderRules[0].header',
  });
});

it('tells weir that cannot be reached from a call that was given up', async () => {
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('network')));
  await expect(api.stats()).rejects.toMatchObject({ status: 0, message: 'weir cannot be reached' });
  const given = new AbortController();
  given.abort();
  await expect(api.stats(given.signal)).rejects.not.toBeInstanceOf(ApiError);
});

it('takes an answer without a body', async () => {
  answer(undefined, 204);
  await expect(api.login('secret')).resolves.toBeUndefined();
});

/** Where a page goes when an answer is 401 with these headers. */
async function goesTo(headers: Record<string, string>): Promise<string[]> {
  const assign = vi.fn<(to: string) => void>();
  vi.stubGlobal('window', { location: { pathname: '/replay/1', search: '?a=b', assign } });
  const answer = () => Promise.resolve(new Response('{"error":"no"}', { status: 401, headers }));
  vi.stubGlobal('fetch', answer);
  await expect(
    send('http://weir/api/requests/1/replay', { method: 'POST' }),
  ).rejects.toBeInstanceOf(ApiError);
  return assign.mock.calls.map(([to]) => to);
}

it('asks for the password when weir wants it', async () => {
  expect(await goesTo({})).toEqual(['/login?next=%2Freplay%2F1%3Fa%3Db']);
});

it('stays where it is when a provider wants another key', async () => {
  expect(await goesTo({ 'x-weir-request-id': '01-a' })).toEqual([]);
});
