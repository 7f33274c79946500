import { readFile } from 'node:fs/promises';
import type { RequestLog } from '../src/lib/api/types';
import { answer, EVIL, exchange, FAILED, FIRST, SECOND, wire } from './samples';
import { expect, test, type Page } from './test';

const open = async (page: Page, id = SECOND, query = ''): Promise<void> => {
  await answer(page);
  await page.goto(`/requests/${id}${query}`);
  await expect(page.getByRole('tablist', { name: 'Parts of the exchange' })).toBeVisible();
};
const copied = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText());

test('an exchange shows what was asked and answered', async ({ page, shot }) => {
  await open(page);
  await expect(page.getByText('Sent byte for byte as received')).toBeVisible();
  await expect(page.getByText('$0.034').first()).toBeVisible();
  await page.getByRole('button', { name: 'Open all' }).click();
  await shot('exchange');
  await page.locator('summary').filter({ hasText: 'System 2' }).click();
  await expect(page.getByText('cache ephemeral 1h')).toBeVisible();
  await page.locator('summary').filter({ hasText: 'Tools 3' }).click();
  const edit = page.getByRole('article').filter({ hasText: 'Replaces a text in a file.' });
  await expect(edit.getByRole('button', { name: /Show all \d+ characters/ })).toBeVisible();
  await expect(page.getByText('web_search_20250305')).toBeVisible();
  await expect(
    page.locator('summary').filter({ hasText: 'System reminder' }).first(),
  ).toBeVisible();
  await expect(page.getByText('Keep to the house rules.')).toBeHidden();
  await expect(page.getByRole('link', { name: 'Ranges' })).toBeVisible();
  await expect(page.getByText('hologram').first()).toBeVisible();
  await expect(page.locator('.markdown strong', { hasText: 'line' })).toBeVisible();
});

test('an edit is a diff, tasks are a list, a read file has its numbers', async ({ page, shot }) => {
  await open(page);
  await page.getByRole('button', { name: 'Open all' }).click();
  const diff = page.getByRole('region', { name: 'Edit of /src/parser.rs' });
  await diff.scrollIntoViewIfNeeded();
  await expect(diff.locator('.removed')).toContainText('0..n - 1');
  await expect(diff.locator('.added')).toContainText('0..n {');
  await expect(diff.locator('mark')).not.toHaveCount(0);
  await shot('exchange-edit');
  const tasks = page.getByRole('region', { name: 'In progress' });
  await expect(tasks).toContainText('Find the lost line');
  await expect(page.getByRole('region', { name: 'Completed' })).toContainText('Read the parser');
  await expect(page.locator('[data-n="4"]').first()).toBeAttached();
  await expect(page.getByText('     1→fn main')).toHaveCount(0);
});

test('script in a tool result is text and does not run', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Open all' }).click();
  await expect(page.getByText(EVIL)).toBeVisible();
  expect(await page.locator('#part img[src="x"], #part script').count()).toBe(0);
  expect(await page.evaluate(() => 'hostile' in window)).toBe(false);
});

test('a picture opens larger and closes with Escape', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Open all' }).click();
  await page.getByRole('button', { name: 'Enlarge the image' }).click();
  const dialog = page.getByRole('dialog', { name: 'Image' });
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Larger' }).click();
  await expect(dialog.getByText('200 %')).toBeVisible();
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('image.png');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('code fills the screen, and Escape gives it back', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Open all' }).click();
  await page.getByRole('button', { name: 'Full screen' }).first().click();
  const dialog = page.locator('dialog[open]');
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('a body of 50 KB is copied whole', async ({ page }) => {
  const text = JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: 'ä"\\n'.repeat(9000) }],
  });
  expect(text.length).toBeGreaterThan(50_000);
  await answer(page, {
    [SECOND]: { ...exchange, body: JSON.parse(text) as NonNullable<RequestLog['body']> },
  });
  await page.route(`**/api/requests/${SECOND}/raw/request`, (route) =>
    route.fulfill({ body: text }),
  );
  await page.goto(`/requests/${SECOND}?tab=raw`);
  await page.getByRole('button', { name: 'Copy all' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const got = await copied(page);
  expect(got.length).toBe(text.length);
  expect(got).toBe(text);
});

test('a raw body of megabytes is shown whole, drawn in part, and searched', async ({
  page,
  shot,
}) => {
  const text = `{"a":"${'0123456789'.repeat(400_000)}","needle":1}`;
  await answer(page);
  await page.route(`**/api/requests/${SECOND}/raw/request`, (route) =>
    route.fulfill({ body: text }),
  );
  await page.goto(`/requests/${SECOND}?tab=raw`);
  const raw = page.getByRole('region', { name: 'Raw request' });
  await expect(raw).toContainText('0123456789');
  expect(await raw.locator('.line').count()).toBeLessThan(400);
  await page.getByRole('searchbox', { name: 'Find in the text' }).fill('needle');
  await expect(page.getByText('1 found')).toBeVisible();
  await expect(raw.locator('.hit')).toContainText('needle');
  await shot('exchange-raw');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  expect((await readFile(await (await download).path())).length).toBe(text.length);
});

test('the stream plays again at its own pace, pauses and is sought', async ({ page, shot }) => {
  await open(page, SECOND, '?tab=timeline');
  await expect(page.getByText('Longest gap', { exact: true })).toBeVisible();
  await expect(page.getByText('1.46 s').first()).toBeVisible();
  await shot('exchange-timeline');
  const player = page.getByRole('region', { name: 'Player of the stream' });
  const heard = player.locator('.answer');
  await expect(heard).toContainText('the test shows it.');
  const slider = player.getByRole('slider', { name: 'Moment of the stream' });
  await slider.fill('700');
  await expect(heard).toContainText('The loop');
  await expect(heard).not.toContainText('shows it');
  await player.getByRole('button', { name: 'One event on' }).click();
  await expect(heard).toHaveAttribute('data-frames', '7');
  await player.getByRole('combobox', { name: 'Speed' }).selectOption({ label: '10×' });
  await player.getByRole('button', { name: 'Play' }).click();
  await expect(heard).toContainText('shows it', { timeout: 5000 });
  await expect(player.getByRole('button', { name: 'Play' })).toBeVisible();
  await page.getByRole('button', { name: /content_block_start/ }).click();
  await expect(page.getByText('"content_block": {')).toBeVisible();
});

test('attempts are shown in their time', async ({ page }) => {
  await open(page, SECOND, '?tab=timeline');
  await expect(page.getByText('1. anthropic · alpha')).toBeVisible();
  await expect(page.getByText(/529 · overloaded/)).toBeVisible();
});

test('headers are shown as received, as sent, and what was changed', async ({ page, shot }) => {
  await open(page, SECOND, '?tab=headers');
  await expect(page.getByRole('heading', { name: 'As received from the client' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'As sent to the provider' })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: 'x-api-key' })).toContainText(
    'changed',
  );
  await shot('exchange-headers');
});

test('tokens and money are shown part by part', async ({ page, shot }) => {
  await open(page, SECOND, '?tab=usage');
  await expect(page.getByRole('row', { name: /Read from the cache 18,211/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /Together/ })).toContainText('$0.034');
  await shot('exchange-usage');
});

test('exports have the body and no credential', async ({ page, shot }) => {
  await open(page, SECOND, '?tab=export');
  const code = page.getByRole('region', { name: 'Code' });
  await expect(code).toContainText('curl -sS -N');
  await expect(code).toContainText('$ANTHROPIC_API_KEY');
  await expect(code).not.toContainText('sha256');
  await shot('exchange-export');
  await page.getByRole('button', { name: 'Python', exact: true }).click();
  await expect(code).toContainText('from anthropic import Anthropic');
  await page.getByRole('button', { name: 'TypeScript', exact: true }).click();
  await expect(code).toContainText('@anthropic-ai/sdk');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download JSON' }).click();
  const got = JSON.parse(await readFile(await (await download).path(), 'utf8')) as RequestLog;
  expect(JSON.stringify(got.body)).toBe(wire);
  await expect(page.getByRole('link', { name: 'Download HAR' })).toHaveAttribute(
    'href',
    `/api/requests/${SECOND}/har`,
  );
});

test('every part and neighbour is reached by keys', async ({ page }) => {
  await open(page);
  const keys = ['headers', 'timeline', 'usage', 'raw', 'export'];
  for (const [n, tab] of keys.entries()) {
    await page.keyboard.press(String(n + 2));
    await expect(page).toHaveURL(new RegExp(`tab=${tab}`));
  }
  await page.keyboard.press('1');
  await page.keyboard.press('[');
  await expect(page).toHaveURL(new RegExp(FIRST));
  await page.keyboard.press(']');
  await expect(page).toHaveURL(new RegExp(FAILED));
  await page.keyboard.press('d');
  await expect(page).toHaveURL(/\/compare\?a=/);
});

test('texts are blurred for a shared screen, and stay so', async ({ page, shot }) => {
  await open(page);
  await page.keyboard.press('b');
  await expect(page.getByRole('button', { name: 'Blur' })).toHaveAttribute('aria-pressed', 'true');
  const filter = (): Promise<string> =>
    page
      .locator('.message .veil')
      .first()
      .evaluate((one) => getComputedStyle(one).filter);
  expect(await filter()).toContain('blur');
  await shot('exchange-blurred');
  await page.reload();
  expect(await filter()).toContain('blur');
});

test('an error says whose it is and what it asks', async ({ page, shot }) => {
  await open(page, FAILED);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Answered 529');
  await expect(alert).toContainText('overloaded_error');
  await expect(alert).toContainText('retry-after: 7');
  await shot('exchange-error');
});

test('one that does not exist says so', async ({ page, expected }) => {
  expected.push(/404/);
  await page.goto('/requests/nothing-of-that-name');
  await expect(page.getByRole('alert')).toBeVisible();
});

const TABS = ['conversation', 'headers', 'timeline', 'usage', 'raw', 'export'];

/** The newest captured exchange that fits, asked for until its end is recorded. */
async function captured(weir: string, query: string): Promise<string> {
  let id = '';
  await expect
    .poll(async () => {
      const answer = await fetch(`${weir}/api/requests/summary?${query}`);
      const page = (await answer.json()) as { requests: { requestId: string; state: string }[] };
      id = page.requests.find((one) => one.state !== 'open')?.requestId ?? '';
      return id;
    })
    .not.toBe('');
  return id;
}

test('a hostile exchange runs nothing in any part of the page', async ({ page, weir }) => {
  const id = await captured(weir, 'model=script&limit=5');
  for (const tab of TABS) {
    await page.goto(`/requests/${id}?tab=${tab}`);
    await expect(page.getByRole('tabpanel')).not.toBeEmpty();
    for (const summary of await page.locator('#part summary').all()) await summary.click();
    expect(await page.evaluate(() => 'hostile' in window)).toBe(false);
    expect(await page.locator('#app script, #app img[src="x"]').count()).toBe(0);
  }
});

test('a real exchange of every dialect is shown, and its raw body copied whole', async ({
  page,
  weir,
}) => {
  const marks = ['x'.repeat(50_000), '"\\\u2028ü'.repeat(10_000)];
  const text = JSON.stringify({
    model: 'claude-opus-4-5',
    max_tokens: 9,
    messages: [{ role: 'user', content: marks.join('\n') }],
    metadata: { user_id: 'copy' },
  });
  // Of its own, since the same test runs in several windows at once.
  const session = `copied-whole-${crypto.randomUUID()}`;
  await fetch(`${weir}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-claude-code-session-id': session },
    body: text,
  }).then((answer) => answer.arrayBuffer());
  const id = await captured(weir, `session=${session}&limit=1`);
  await page.goto(`/requests/${id}?tab=raw`);
  await page.getByRole('button', { name: 'Copy all' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const got = await copied(page);
  expect(got.length).toBe(text.length);
  expect(got).toBe(text);
  for (const model of ['claude-sonnet', 'gpt-5.4-nano', 'gpt-5.4-codex', 'gemini-3-pro']) {
    await page.goto(`/requests/${await captured(weir, `model=${model}&limit=20`)}`);
    await expect(page.locator('#part article.message.user').first()).toBeVisible();
  }
});
