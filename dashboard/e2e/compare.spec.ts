import { readFile } from 'node:fs/promises';
import { answer, FIRST, SECOND } from './samples';
import { expect, test, type Page } from './test';

const open = async (page: Page): Promise<void> => {
  await answer(page);
  await page.goto(`/compare?a=${FIRST}&b=${SECOND}`);
  await expect(page.getByRole('heading', { name: 'Messages' })).toBeVisible();
};

test('two exchanges are compared message by message and line by line', async ({ page, shot }) => {
  await open(page);
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

test('the sides are swapped', async ({ page }) => {
  await open(page);
  await page.keyboard.press('x');
  await expect(page).toHaveURL(new RegExp(`a=${SECOND}&b=${FIRST}`));
  await expect(page.getByText('2 removed', { exact: true })).toBeVisible();
});

test('a comparison is exported as diff, Markdown and JSON that parses', async ({ page }) => {
  await open(page);
  const saved = async (name: string): Promise<string> => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    return readFile(await (await download).path(), 'utf8');
  };
  expect(await saved('.diff')).toContain(`--- ${FIRST}/params`);
  expect(await saved('.md')).toContain('Messages: 2 unchanged, 1 modified, 2 added, 0 removed.');
  const json = JSON.parse(await saved('.json')) as { tally: unknown; left: { requestId: string } };
  expect(json.tally).toEqual({ unchanged: 2, modified: 1, added: 2, removed: 0 });
  expect(json.left.requestId).toBe(FIRST);
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
