import type { ProviderView } from '../src/lib/api/types';
import { get } from './ask';
import { expect, test } from './own';
import { expect as expectHere, test as seeded } from './test';

async function named(weir: string, name: string): Promise<ProviderView | undefined> {
  const { providers } = await get<{ providers: ProviderView[] }>(weir, '/api/providers');
  return providers.find((one) => one.name === name);
}

async function ask(weir: string, scenario: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-mock-scenario': scenario };
  const body = '{"model":"gpt-5.4","messages":[{"role":"user","content":"x"}]}';
  const answer = await fetch(`${weir}/v1/chat/completions`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  return answer.status;
}

seeded('providers show health, figures, keys and quotas', async ({ page, shot }) => {
  await page.goto('/providers');
  const anthropic = page.getByRole('article', { name: 'anthropic' });
  await expectHere(anthropic.getByText('alpha', { exact: true })).toBeVisible();
  await expectHere(anthropic.getByRole('meter').first()).toBeVisible();
  await shot('providers');
});

test('a provider is switched off only when that is meant, and stays off until it is switched on', async ({
  page,
  weir,
}) => {
  await page.goto('/providers');
  const spare = page.getByRole('article', { name: 'spare' });
  await spare.getByRole('button', { name: 'Switch off' }).click();
  const dialog = page.getByRole('dialog', { name: 'Switch off spare?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(spare.getByText('disabled')).toBeHidden();
  expect((await named(weir, 'spare'))?.enabled).toBe(true);
  await spare.getByRole('button', { name: 'Switch off' }).click();
  await dialog.getByRole('button', { name: 'Switch off' }).click();
  await expect(spare.getByText('disabled')).toBeVisible();
  await page.reload();
  await expect(spare.getByText('disabled')).toBeVisible();
  expect((await named(weir, 'spare'))?.enabled).toBe(false);
  await spare.getByRole('button', { name: 'Switch on' }).click();
  await expect(spare.getByText('healthy').first()).toBeVisible();
  expect((await named(weir, 'spare'))?.enabled).toBe(true);
});

test('a provider that is switched off gets nothing', async ({ page, weir }) => {
  expect(await ask(weir, 'text')).toBe(200);
  await page.goto('/providers');
  const openai = page.getByRole('article', { name: 'openai' });
  await openai.getByRole('button', { name: 'Switch off' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
  await expect(openai.getByText('disabled')).toBeVisible();
  const { requests: before } = await summary(weir);
  await ask(weir, 'text');
  const { requests } = await summary(weir);
  expect(requests.length).toBe(before.length + 1);
  expect(requests[0]?.provider).not.toBe('openai');
});

function summary(weir: string): Promise<{ requests: { provider: string }[] }> {
  return get(weir, '/api/requests/summary?limit=50');
}

test('the breaker of a provider that fails opens on the page, and a reset closes it', async ({
  page,
  weir,
}) => {
  await page.goto('/providers');
  const openai = page.getByRole('article', { name: 'openai' });
  await expect(openai.getByText('healthy').first()).toBeVisible();
  // As many in a row as open it, and those that go elsewhere meanwhile.
  for (let n = 0; n < 6; n += 1) await ask(weir, '500');
  await expect(openai.getByText(/open|unhealthy|failing/i).first()).toBeVisible();
  await openai.getByRole('button', { name: 'Reset' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  await expect(page.getByText('openai begins anew')).toBeVisible();
  await expect(openai.getByText('healthy').first()).toBeVisible();
  expect(await ask(weir, 'text')).toBe(200);
});

test('a key is added, used, switched off and taken out', async ({ page, weir }) => {
  await page.goto('/providers');
  const openai = page.getByRole('article', { name: 'openai' });
  await openai.getByRole('button', { name: 'Add a key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a key to openai' });
  await dialog.getByLabel('Key', { exact: true }).fill('sk-added-by-hand');
  await dialog.getByLabel('Name').fill('added');
  await dialog.getByRole('button', { name: 'Add the key' }).click();
  const key = openai.getByRole('listitem').filter({ hasText: 'added' });
  await expect(key).toBeVisible();
  await page.reload();
  // The menu's name is for screen readers only: what is seen and pressed is its icon.
  const menu = key.locator('summary');
  await expect(menu).toHaveText('Key added');
  expect(await page.content()).not.toContain('sk-added-by-hand');
  await menu.click();
  await key.getByRole('button', { name: 'Switch off' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
  await expect(key.getByText('off', { exact: true })).toBeVisible();
  const off = (await named(weir, 'openai'))?.keys.find((one) => one.name === 'added');
  expect(off?.enabled).toBe(false);
  await menu.click();
  await key.getByRole('button', { name: 'Take out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take out' }).click();
  await expect(key).toBeHidden();
  const keys = (await named(weir, 'openai'))?.keys ?? [];
  expect(keys.map((one) => one.name)).not.toContain('added');
});

test('the configuration is read again', async ({ page, own }) => {
  await page.goto('/providers');
  await expect(page.getByRole('article', { name: 'added-later' })).toHaveCount(0);
  await own.configure(`  added-later:\n    type: openai\n    base_url: ${own.mock}\n`);
  await page.getByRole('button', { name: /again|Reload/ }).click();
  await expect(page.getByRole('article', { name: 'added-later' })).toBeVisible();
});
