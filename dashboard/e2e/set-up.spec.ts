import { answer, json, SETUP } from './answers';
import { expect, test } from './test';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

test('lines are shown for each client, for the address that is asked for, and copied', async ({
  page,
  shot,
}) => {
  await answer(page, '/api/setup', SETUP);
  await page.goto('/setup');
  await expect(page.getByText('812 requests')).toBeVisible();
  await expect(page.getByText('weir run -- claude')).toBeVisible();
  await expect(page.getByText('weir agent setup claude --dry-run')).toBeVisible();
  await shot('setup');
  await page.getByLabel("weir's address for clients").fill('https://weir.example.org/');
  await page.getByRole('button', { name: 'Copy: Shell' }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain('export ANTHROPIC_BASE_URL=https://weir.example.org\n');
});

test('clients are chosen by the arrow keys and kept in the address', async ({ page }) => {
  await answer(page, '/api/setup', SETUP);
  await page.goto('/setup');
  await page.getByRole('tab', { name: /Claude Code/ }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page).toHaveURL(/#codex$/);
  await expect(page.getByRole('tab', { name: /Codex CLI/ })).toBeFocused();
  await expect(page.getByText('openai_base_url = "http://127.0.0.1:3001/v1"')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('tab', { name: /Codex CLI/ })).toHaveAttribute(
    'aria-selected',
    'true',
  );
});

test('the check turns green when the first request arrives', async ({ page, weir, shot }) => {
  const now = structuredClone(SETUP);
  await answer(page, '/api/setup', (route) => json(route, now));
  await page.goto('/setup#codex');
  const check = page.getByTestId('check');
  await expect(check).toContainText('Waiting for Codex CLI');
  await shot('setup-waiting');
  const codex = now.clients[1];
  if (codex)
    codex.seen = { first: new Date().toISOString(), last: new Date().toISOString(), requests: 1 };
  await expect(async () => {
    await fetch(`${weir}/v1/messages`, {
      method: 'POST',
      body: '{"model":"claude-haiku-4-5","max_tokens":1,"messages":[]}',
    });
    await expect(check).toContainText('Codex CLI is connected', { timeout: 1500 });
  }).toPass();
  await shot('setup-green');
});
