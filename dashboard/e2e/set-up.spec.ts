import { fire } from './shot';
import { responses } from './dialects';
import { expect, test } from './own';
import { test as seeded } from './test';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

seeded('clients that were here are green with what they sent', async ({ page, shot }) => {
  await page.goto('/setup');
  await expect(page.getByTestId('check')).toContainText(/Claude Code has been here\. \d+ requests/);
  await shot('setup');
  for (const id of ['codex', 'gemini', 'opencode']) {
    await page.goto(`/setup#${id}`);
    await expect(page.getByTestId('check')).toContainText(/has been here\. \d+ requests/);
  }
});

test('lines are shown for each client, for the address that is asked for, and copied', async ({
  page,
  weir,
}) => {
  await page.goto('/setup');
  await expect(page.getByText('weir run -- claude')).toBeVisible();
  await expect(page.getByText('weir agent setup claude --dry-run')).toBeVisible();
  await expect(page.getByText(`export ANTHROPIC_BASE_URL=${weir}`).first()).toBeVisible();
  await page.getByLabel("weir's address for clients").fill('https://weir.example.org/');
  const first = page.locator('.steps').getByRole('button', { name: /^Copy: / });
  // The first two are weir's own commands.
  await first.nth(2).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain('export ANTHROPIC_BASE_URL=https://weir.example.org\n');
});

test.describe('with a public address', () => {
  test.use({ variables: { PROXY_PUBLIC_URL: 'https://weir.example.net' } });

  test('the lines have the address that clients see', async ({ page }) => {
    await page.goto('/setup');
    await expect(page.getByLabel("weir's address for clients")).toHaveValue(
      'https://weir.example.net',
    );
    await expect(
      page.getByText('export ANTHROPIC_BASE_URL=https://weir.example.net').first(),
    ).toBeVisible();
  });
});

test('clients are chosen by the arrow keys and kept in the address', async ({ page, weir }) => {
  await page.goto('/setup');
  await page.getByRole('tab', { name: /Claude Code/ }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page).toHaveURL(/#codex$/);
  await expect(page.getByRole('tab', { name: /Codex CLI/ })).toBeFocused();
  await expect(page.getByText(`${weir}/v1`).first()).toBeVisible();
  await page.reload();
  await expect(page.getByRole('tab', { name: /Codex CLI/ })).toHaveAttribute(
    'aria-selected',
    'true',
  );
});

test('the check turns green when the first request arrives', async ({ page, weir, shot }) => {
  const [feed] = await Promise.all([
    page.waitForResponse((answer) => answer.url().includes('/api/live')),
    page.goto('/setup#codex'),
  ]);
  expect(feed.status()).toBe(200);
  const check = page.getByTestId('check');
  await expect(check).toContainText('Waiting for Codex CLI');
  await shot('setup-waiting');
  const shot_ = responses(0);
  expect(
    await fire(weir, { ...shot_, headers: { ...shot_.headers, 'x-mock-scenario': 'text' } }),
  ).toBe(200);
  await expect(check).toContainText('Codex CLI is connected');
  await shot('setup-green');
  await page.reload();
  await expect(check).toContainText('Codex CLI has been here. 1 request');
});
