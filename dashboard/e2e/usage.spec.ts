import { readFile } from 'node:fs/promises';
import { madeUp } from './figures';
import { expect, test } from './test';

test('usage shows what was seeded', async ({ page }) => {
  await page.goto('/usage');
  await expect(page.getByRole('heading', { name: 'Tokens' })).toBeVisible();
  await expect(page.getByText('Requests', { exact: true }).first()).toBeVisible();
  await page.getByRole('combobox', { name: 'Broken down' }).selectOption('provider');
  await expect(page).toHaveURL(/by=provider/);
  await expect(page.getByRole('region', { name: 'Figures by provider' })).toContainText(
    'anthropic',
  );
});

test('charts of a week have a table and CSV under each', async ({ page, shot }) => {
  await madeUp(page);
  await page.goto('/usage?unit=week');
  const tokens = page.getByRole('figure').filter({ hasText: 'Tokens' }).first();
  await expect(tokens.locator('canvas')).toBeVisible();
  await shot('usage');
  await tokens.getByRole('button', { name: 'Table' }).click();
  await expect(tokens.getByRole('table')).toContainText('claude-opus-4-5');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    tokens.getByRole('button', { name: 'CSV' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('weir-tokens.csv');
  expect(await readFile(await download.path(), 'utf8')).toMatch(/^bucket,claude-/);
});

test('an unknown price is no zero', async ({ page }) => {
  await madeUp(page);
  await page.goto('/usage');
  const cost = page.getByRole('figure').filter({ hasText: 'requests that have no price' });
  await expect(cost.getByRole('listitem').filter({ hasText: 'gemini-3-pro' })).toContainText('–');
});

test('days and weeks are stepped through in the address', async ({ page }) => {
  await madeUp(page);
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
