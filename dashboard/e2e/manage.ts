/** Managing as programs do, and being logged in as people are. */
import type { Project, Token, TokenMade, TokenNew } from '../src/lib/api/types';
import { expect, type Page } from './own';

export const MANAGER = 'manager-of-the-browsers-tests';
export const OPERATOR = 'operator-of-the-browsers-tests';
export const READER = 'reader-of-the-browsers-tests';
export const variables = { MANAGEMENT_TOKEN: MANAGER };
/** Managers who may do less; for a weir's configuration. */
export const lesser = `projects:\n  operate_token: ${OPERATOR}\n  read_token: ${READER}\n`;

export async function manage<T>(
  weir: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await fetch(`${weir}/manage${path}`, {
    method,
    headers: { authorization: `Bearer ${MANAGER}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export function project(weir: string, name: string, more: object = {}): Promise<Project> {
  return manage(weir, 'POST', '/projects', { name, ...more });
}

export function token(weir: string, of: Project, more: TokenNew = {}): Promise<TokenMade> {
  return manage(weir, 'POST', '/tokens', { project_id: of.id, duration_minutes: 180, ...more });
}

export function tokens(weir: string): Promise<Token[]> {
  return manage(weir, 'GET', '/tokens');
}

/** Gives the browser the cookie of somebody who has logged in, and opens a page. */
export async function open(page: Page, path: string, as = MANAGER): Promise<void> {
  const data = { management_token: as };
  const answer = await page.request.post('/manage/login', { data });
  expect(answer.status()).toBe(204);
  await page.goto(path);
}

/** What a client with this token gets. */
export function send(
  weir: string,
  secret: string,
  more: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${weir}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': secret,
      'anthropic-version': '2023-06-01',
      ...more,
    },
    body: JSON.stringify({
      model: 'claude-haiku-4-5',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'Hello.' }],
    }),
  });
}

/** The status of that, read to its end. */
export async function ask(
  weir: string,
  secret: string,
  more: Record<string, string> = {},
): Promise<number> {
  const answer = await send(weir, secret, more);
  await answer.arrayBuffer();
  return answer.status;
}
