import type { Analytics } from '../src/lib/api/types';
import { count, money } from '../src/lib/format/format';
import { get, saved } from './ask';
import { expect, test, type Page } from './test';

/** Rows of a table that was saved as CSV; none of what is in it has a comma or a quote. */
function rowsOf(csv: string): string[][] {
  return csv
    .trim()
    .split('\n')
    .map((line) => line.trim().split(','));
}

/** What the page last asked for, by dimension. */
function asked(page: Page, by: string, bucket?: string): Promise<Analytics> {
  return page
    .waitForResponse((answer) => {
      const url = new URL(answer.url());
      if (url.pathname !== '/api/analytics' || url.searchParams.get('by') !== by) return false;
      return bucket === undefined || url.searchParams.get('bucket') === bucket;
    })
    .then((answer) => answer.json() as Promise<Analytics>);
}

const YESTERDAY = new Date(Date.now() - 864e5).toISOString().slice(0, 10);

test('the store holds a thousand exchanges of a week', async ({ weir }) => {
  const start = new Date(Date.now() - 8 * 864e5).toISOString();
  const end = new Date(Date.now() + 864e5).toISOString();
  const all = await get<Analytics>(
    weir,
    `/api/analytics?start=${start}&end=${end}&bucket=day&by=none`,
  );
  expect(all.totals.requests).toBeGreaterThanOrEqual(1000);
  expect(all.rows.filter((row) => row.requests > 100).length).toBeGreaterThanOrEqual(7);
});

test('usage shows what was recorded, by any dimension', async ({ page }) => {
  const plain = asked(page, 'none', 'hour');
  await page.goto(`/usage?day=${YESTERDAY}`);
  await expect(page.getByRole('heading', { name: 'Tokens' })).toBeVisible();
  const { totals } = await plain;
  expect(totals.requests).toBeGreaterThan(100);
  await expect(page.getByText(count(totals.requests), { exact: true }).first()).toBeVisible();
  await expect(page.getByText(money(totals.cost), { exact: true }).first()).toBeVisible();
  for (const [by, key] of [
    ['provider', 'openai'],
    ['client', 'codex'],
    ['agent', 'subagent'],
    ['status', '429'],
  ] as const) {
    await page.getByRole('combobox', { name: 'Broken down' }).selectOption(by);
    await expect(page).toHaveURL(new RegExp(`by=${by}`));
    const figures = page.getByRole('region', { name: `Figures by ${by}` });
    await expect(figures.getByRole('row', { name: new RegExp(key) }).first()).toBeVisible();
  }
});

test('charts of a week have a table and CSV under each, with the figures of the API', async ({
  page,
  shot,
}) => {
  const grouped = asked(page, 'model', 'day');
  await page.goto(`/usage?unit=week&day=${YESTERDAY}`);
  const { rows } = await grouped;
  const tokens = page.getByRole('figure').filter({ hasText: 'Tokens' }).first();
  await expect(tokens.locator('canvas')).toBeVisible();
  await shot('usage');
  await tokens.getByRole('button', { name: 'Table' }).click();
  await expect(tokens.getByRole('table')).toContainText('claude-opus-4-5');
  const [head = [], ...body] = rowsOf(
    await saved(page, () => tokens.getByRole('button', { name: 'CSV' }).click()),
  );
  expect(head[0]).toBe('bucket');
  expect(body.length).toBe(7);
  const opus = head.indexOf('claude-opus-4-5');
  expect(opus).toBeGreaterThan(0);
  const sum = body.reduce((all, row) => all + Number(row[opus] || 0), 0);
  const known = rows
    .filter((row) => row.key === 'claude-opus-4-5')
    .map((row) => row.inputTokens + row.outputTokens + row.cacheReadTokens + row.cacheWriteTokens);
  expect(sum).toBe(known.reduce((all, one) => all + one, 0));
  expect(sum).toBeGreaterThan(1000);
});

test('all figures are saved as the API gives them as CSV', async ({ page, weir }) => {
  await page.goto(`/usage?unit=week&day=${YESTERDAY}&by=provider`);
  const link = page.getByRole('link', { name: /CSV/ });
  const csv = await saved(page, () => link.click());
  const href = (await link.getAttribute('href')) ?? '';
  expect(csv).toBe(await (await fetch(weir + href)).text());
  const [head = [], ...body] = rowsOf(csv);
  const providers = body.map((row) => row[head.indexOf('key')]);
  expect(providers).toContain('anthropic');
  expect(providers).toContain('gemini');
});

test('an unknown price is no zero', async ({ page }) => {
  await page.goto(`/usage?day=${YESTERDAY}`);
  const cost = page.getByRole('figure').filter({ hasText: 'that no price is known for' });
  await expect(cost.getByRole('listitem').filter({ hasText: 'gemini-3-pro' })).toContainText('–');
});

test('days and weeks are stepped through in the address', async ({ page }) => {
  await page.goto('/usage?day=2026-03-04');
  await expect(page.getByText('Wed, 4 Mar 2026')).toBeVisible();
  await page.getByRole('button', { name: 'Earlier' }).click();
  await expect(page).toHaveURL(/day=2026-03-03/);
  await page.getByRole('combobox', { name: 'Span' }).selectOption('week');
  await expect(page.getByText('2 Mar – 8 Mar 2026')).toBeVisible();
  await page.getByRole('button', { name: 'Today' }).click();
  await expect(page).not.toHaveURL(/day=/);
  await expect(page.getByRole('button', { name: 'Later' })).toBeDisabled();
});
