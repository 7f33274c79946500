import { readFile } from 'node:fs/promises';
import type { RequestLog } from '../src/lib/api/types';
import { money } from '../src/lib/format/format';
import { captured, exchange, found, saved } from './ask';
import { EVIL, PAUSED } from './sample';
import { expect, test, type Page } from './test';

const open = async (page: Page, id: string, query = ''): Promise<void> => {
  await page.goto(`/requests/${id}${query}`);
  await expect(page.getByRole('tablist', { name: 'Parts of the exchange' })).toBeVisible();
};
const copied = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText());

/** Sends a request of a session of its own, since a test runs in several windows at once. */
async function sent(weir: string, text: string): Promise<string> {
  const session = `exchange-${crypto.randomUUID()}`;
  const headers = { 'content-type': 'application/json', 'x-claude-code-session-id': session };
  const answer = await fetch(`${weir}/v1/messages`, { method: 'POST', headers, body: text });
  await answer.arrayBuffer();
  return captured(weir, `session=${session}&limit=1`);
}

test('an exchange shows what was asked and answered', async ({ page, weir, sample, shot }) => {
  await open(page, sample.second);
  // Nobody's signature is under the thinking in it, which is left out on the way.
  await expect(page.getByText('Sent with edits; every other byte is as received')).toBeVisible();
  const { cost } = await exchange(weir, sample.second);
  await expect(page.getByText(money(cost)).first()).toBeVisible();
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

test('an edit is a diff, tasks are a list, a read file has its numbers', async ({
  page,
  sample,
  shot,
}) => {
  await open(page, sample.second);
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

test('script in a tool result is text and does not run', async ({ page, sample }) => {
  await open(page, sample.second);
  await page.getByRole('button', { name: 'Open all' }).click();
  await expect(page.getByText(EVIL)).toBeVisible();
  expect(await page.locator('#part img[src="x"], #part script').count()).toBe(0);
  expect(await page.evaluate(() => 'hostile' in window)).toBe(false);
});

test('a picture opens larger and closes with Escape', async ({ page, sample }) => {
  await open(page, sample.second);
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

test('code fills the screen, and Escape gives it back', async ({ page, sample }) => {
  await open(page, sample.second);
  await page.getByRole('button', { name: 'Open all' }).click();
  await page.getByRole('button', { name: 'Full screen' }).first().click();
  const dialog = page.locator('dialog[open]');
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('a body of more than 50 KB is copied whole', async ({ page, weir }) => {
  const marks = ['x'.repeat(50_000), '"\\\u2028ü'.repeat(10_000)];
  const text = JSON.stringify({
    model: 'claude-opus-4-5',
    max_tokens: 9,
    messages: [{ role: 'user', content: marks.join('\n') }],
    metadata: { user_id: 'copy' },
  });
  expect(text.length).toBeGreaterThan(50_000);
  await page.goto(`/requests/${await sent(weir, text)}?tab=raw`);
  await page.getByRole('button', { name: 'Copy all' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const got = await copied(page);
  expect(got.length).toBe(text.length);
  expect(got).toBe(text);
});

test('a raw body of megabytes is shown whole, drawn in part, and searched', async ({
  page,
  weir,
  shot,
}) => {
  const text = `{"model":"claude-opus-4-5","messages":[],"a":"${'0123456789'.repeat(400_000)}","needle":1}`;
  await page.goto(`/requests/${await sent(weir, text)}?tab=raw`);
  const raw = page.getByRole('region', { name: 'Raw request' });
  await expect(raw).toContainText('0123456789');
  expect(await raw.locator('.line').count()).toBeLessThan(400);
  await page.getByRole('searchbox', { name: 'Find in the text' }).fill('needle');
  await expect(page.getByText('1 found')).toBeVisible();
  await expect(raw.locator('.hit')).toContainText('needle');
  await shot('exchange-raw');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  expect(await readFile(await (await download).path(), 'utf8')).toBe(text);
});

test('a raw answer is the bytes that came', async ({ page, weir, sample }) => {
  await open(page, sample.second, '?tab=raw');
  await page.getByRole('button', { name: 'Response', exact: true }).click();
  const text = await saved(page, () => page.getByRole('button', { name: 'Download' }).click());
  const wire = await fetch(`${weir}/api/requests/${sample.second}/raw/response`);
  expect(text).toBe(await wire.text());
  expect(text).toMatch(/^event: message_start\n/);
  expect(text).toContain('citations_delta');
});

test('the stream plays again at its own pace, pauses and is sought', async ({
  page,
  sample,
  shot,
}) => {
  await open(page, sample.second, '?tab=timeline');
  await expect(page.getByText('Longest gap', { exact: true })).toBeVisible();
  // The mock was silent for so long; how long it took to arrive is not for it to say.
  await expect(page.getByText(/^1\.[4-9]\d? s$/).first()).toBeVisible();
  await shot('exchange-timeline');
  const player = page.getByRole('region', { name: 'Player of the stream' });
  const heard = player.locator('.answer');
  await expect(heard).toContainText('the test shows it.');
  const slider = player.getByRole('slider', { name: 'Moment of the stream' });
  await slider.fill(String(PAUSED.at));
  await expect(heard).toHaveAttribute('data-frames', String(PAUSED.heard));
  await expect(heard).toContainText('The loop');
  await expect(heard).not.toContainText('shows it');
  await player.getByRole('button', { name: 'One event on' }).click();
  await expect(heard).toHaveAttribute('data-frames', String(PAUSED.heard + 1));
  await player.getByRole('combobox', { name: 'Speed' }).selectOption({ label: '10×' });
  await player.getByRole('button', { name: 'Play' }).click();
  await expect(heard).toContainText('shows it', { timeout: 5000 });
  await expect(player.getByRole('button', { name: 'Play' })).toBeVisible();
  await page.getByRole('button', { name: /content_block_start/ }).click();
  await expect(page.getByText('"content_block": {')).toBeVisible();
});

test('attempts are shown in their time', async ({ page, weir, sample }) => {
  const { route } = await exchange(weir, sample.second);
  expect(route?.tries?.map((one) => one.status)).toEqual([529, 200]);
  await open(page, sample.second, '?tab=timeline');
  for (const [n, one] of (route?.tries ?? []).entries()) {
    await expect(page.getByText(`${n + 1}. ${one.provider} · ${one.key ?? ''}`)).toBeVisible();
  }
  await expect(page.getByText(/^529 · [\d.]+ ms$/)).toBeVisible();
});

test('headers are shown as received, as sent, and what was changed', async ({
  page,
  sample,
  shot,
}) => {
  await open(page, sample.second, '?tab=headers');
  await expect(page.getByRole('heading', { name: 'As received from the client' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'As sent to the provider' })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: 'x-api-key' })).toContainText(
    'changed',
  );
  await shot('exchange-headers');
});

test('tokens and money are shown part by part', async ({ page, weir, sample, shot }) => {
  const { costParts } = await exchange(weir, sample.second);
  await open(page, sample.second, '?tab=usage');
  await expect(page.getByRole('row', { name: /Read from the cache 18,211/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /Together/ })).toContainText(
    money(costParts?.total ?? null),
  );
  await shot('exchange-usage');
});

test('exports have the body and no credential', async ({ page, weir, sample, shot }) => {
  await open(page, sample.second, '?tab=export');
  const code = page.getByRole('region', { name: 'Code' });
  await expect(code).toContainText('curl -sS -N');
  await expect(code).toContainText('$ANTHROPIC_API_KEY');
  await expect(code).not.toContainText('sha256');
  await shot('exchange-export');
  await page.getByRole('button', { name: 'Python', exact: true }).click();
  await expect(code).toContainText('from anthropic import Anthropic');
  await page.getByRole('button', { name: 'TypeScript', exact: true }).click();
  await expect(code).toContainText('@anthropic-ai/sdk');
  const json = await saved(page, () => page.getByRole('button', { name: 'Download JSON' }).click());
  const got = JSON.parse(json) as RequestLog;
  const raw = await fetch(`${weir}/api/requests/${sample.second}/raw/request`);
  expect(JSON.stringify(got.body)).toBe(await raw.text());
  const har = await saved(page, () => page.getByRole('link', { name: 'Download HAR' }).click());
  const { log } = JSON.parse(har) as { log: Har };
  expect(log.version).toBe('1.2');
  expect(log.entries.length).toBe(1);
  expect(log.entries[0]?.response.status).toBe(200);
  expect(log.entries[0]?.request.postData.text).toBe(JSON.stringify(got.body));
  for (const text of [json, har]) expect(text).not.toContain('sk-ant-api03');
});

interface Har {
  version: string;
  entries: { request: { postData: { text: string } }; response: { status: number } }[];
}

test('every part and neighbour is reached by keys', async ({ page, sample }) => {
  await open(page, sample.second);
  const keys = ['headers', 'timeline', 'usage', 'raw', 'export'];
  for (const [n, tab] of keys.entries()) {
    await page.keyboard.press(String(n + 2));
    await expect(page).toHaveURL(new RegExp(`tab=${tab}`));
  }
  await page.keyboard.press('1');
  // Keys of neighbours do nothing until these are known.
  const to = async (key: string, id: string): Promise<void> => {
    await expect(
      page.getByRole('button', { name: key === '[' ? '‹ Before' : 'After ›' }),
    ).toBeEnabled();
    await page.keyboard.press(key);
    await expect(page).toHaveURL(new RegExp(`/requests/${id}`));
    await expect(page.getByText(id, { exact: true }).first()).toBeVisible();
  };
  await to('[', sample.first);
  await to(']', sample.second);
  await to(']', sample.failed);
  await page.keyboard.press('d');
  await expect(page).toHaveURL(/\/compare\?a=/);
});

test('texts are blurred for a shared screen, and stay so', async ({ page, sample, shot }) => {
  await open(page, sample.second);
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

test('an exchange that was sent on as it came says so', async ({ page, sample }) => {
  await open(page, sample.first);
  await expect(page.getByText('Sent byte for byte as received')).toBeVisible();
});

test('an error says whose it is and what it asks', async ({ page, sample, shot }) => {
  await open(page, sample.failed);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Answered 529');
  await expect(alert).toContainText('overloaded_error');
  await expect(alert).toContainText('retry-after: 1');
  await shot('exchange-error');
});

test('one that does not exist says so', async ({ page, expected }) => {
  expected.push(/404/);
  await page.goto('/requests/nothing-of-that-name');
  await expect(page.getByRole('alert')).toBeVisible();
});

const TABS = ['conversation', 'headers', 'timeline', 'usage', 'raw', 'export'];

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

test('exchanges of every dialect are shown with what was asked and answered', async ({
  page,
  weir,
}) => {
  for (const model of ['claude-sonnet', 'gpt-5.4-nano', 'gpt-5.4-codex', 'gemini-3-pro']) {
    const list = await found(weir, `model=${model}&status=200&limit=100`);
    const one = list.find((each) => each.state === 'complete');
    expect(one, model).toBeDefined();
    await page.goto(`/requests/${one?.requestId ?? ''}`);
    await expect(page.locator('#part article.message.user').first()).toBeVisible();
    await expect(page.locator('#part article.message.assistant').first()).toBeVisible();
  }
});

test('an exchange whose client left says so', async ({ page, weir }) => {
  await page.goto(`/requests/${await captured(weir, 'state=client_gone&limit=1')}`);
  await expect(page.getByText(/client (left|went|hung up|is gone)/i).first()).toBeVisible();
});

test('one that too many requests came before says when to come again', async ({ page, weir }) => {
  const [refused] = await found(weir, 'status=429&limit=1');
  await page.goto(`/requests/${refused?.requestId ?? ''}`);
  await expect(page.getByRole('alert')).toContainText('Answered 429');
});
