import type { RequestLog } from '../src/lib/api/types';
import { saved } from './ask';
import type { Sample } from './sample';
import { expect, test, type Page } from './test';

const open = async (page: Page, { first, second }: Sample): Promise<void> => {
  await page.goto(`/compare?a=${first}&b=${second}`);
  await expect(page.getByRole('heading', { name: 'Messages' })).toBeVisible();
};

test('two exchanges are compared message by message and line by line', async ({
  page,
  sample,
  shot,
}) => {
  await open(page, sample);
  await expect(page.getByText('2 unchanged', { exact: true })).toBeVisible();
  await expect(page.getByText('1 modified', { exact: true })).toBeVisible();
  await expect(page.getByText('2 added', { exact: true })).toBeVisible();
  const params = page.getByRole('region', { name: 'Model and parameters' });
  await expect(params.locator('.removed')).toContainText('16000');
  await expect(params.locator('.added')).toContainText('32000');
  await expect(page.getByRole('region', { name: 'System' })).toContainText('Be quick.');
  await shot('compare');
  await page.getByRole('button', { name: 'Both sides' }).click();
  await expect(page.locator('.sides article.message')).toHaveCount(2);
  await page.getByRole('button', { name: 'Unchanged too' }).click();
  await expect(page.locator('[data-fate="unchanged"]')).toHaveCount(2);
});

test('the sides are swapped', async ({ page, sample }) => {
  await open(page, sample);
  await page.keyboard.press('x');
  await expect(page).toHaveURL(new RegExp(`a=${sample.second}&b=${sample.first}`));
  await expect(page.getByText('2 removed', { exact: true })).toBeVisible();
});

test('a comparison is exported as diff, Markdown and JSON that parses', async ({
  page,
  sample,
}) => {
  await open(page, sample);
  const as = (name: string): Promise<string> =>
    saved(page, () => page.getByRole('button', { name, exact: true }).click());
  expect(await as('.diff')).toContain(`--- ${sample.first}/params`);
  expect(await as('.md')).toContain('Messages: 2 unchanged, 1 modified, 2 added, 0 removed.');
  const json = JSON.parse(await as('.json')) as { tally: unknown; left: RequestLog };
  expect(json.tally).toEqual({ unchanged: 2, modified: 1, added: 2, removed: 0 });
  expect(json.left.requestId).toBe(sample.first);
});

test('exchanges are chosen from the newest', async ({ page, shot }) => {
  await page.goto('/compare');
  const left = page.getByRole('region', { name: 'Choose the left one' });
  await expect(left.getByRole('listitem')).not.toHaveCount(0);
  await shot('compare-choose');
  await left.getByRole('listitem').nth(1).getByRole('button').click();
  await expect(page).toHaveURL(/a=/);
  const right = page.getByRole('region', { name: 'Choose the right one' });
  await right.getByRole('listitem').nth(0).getByRole('button').click();
  await expect(page.getByRole('heading', { name: 'Messages' })).toBeVisible();
});
