import { another, fire } from './seed';
import { expect, test, type Page } from './test';

const rows = (page: Page) => page.getByRole('list', { name: /Exchanges/ }).getByRole('listitem');

test('the live page lists exchanges and loads older ones by scrolling', async ({ page, shot }) => {
  await page.goto('/');
  await expect(rows(page).first()).toBeVisible();
  await expect(page.getByText(/100 shown/)).toBeVisible();
  await shot('live');
  await page.getByRole('button', { name: 'Load older' }).click();
  await expect(page.getByText(/200 shown/)).toBeVisible();
});

test('an exchange shows up as it happens, and waits while paused', async ({ page, weir }) => {
  await page.goto('/?model=o4-mini');
  await expect(page.getByText('following', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await fire(weir, another(2));
  await fire(weir, another(2));
  const pill = page.getByRole('button', { name: /↑ \d+ new/ });
  await expect(pill).toBeVisible();
  await pill.click();
  await expect(pill).toBeHidden();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
});

test('filters are in the address and narrow the list', async ({ page }) => {
  await page.goto('/requests?status=error');
  await expect(rows(page).first()).toBeVisible();
  await expect(page.getByRole('button', { name: /Status.*error.*remove/ })).toBeVisible();
  await page.getByRole('combobox', { name: 'Model' }).selectOption('haiku');
  await expect(page).toHaveURL(/model=haiku/);
  await page.goBack();
  await expect(page).not.toHaveURL(/model=haiku/);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page).not.toHaveURL(/status/);
});

test('the text of prompts is searched', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('searchbox', { name: /Search prompts/ }).fill('"borrow checking"');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/q=/);
  await expect(rows(page).first()).toContainText(/gpt-5|o4/);
});

test('keys move, pick two and compare them', async ({ page, isMobile }) => {
  test.skip(isMobile, 'phones have no keys');
  await page.goto('/?model=gemini');
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect(page.getByRole('button', { name: 'Compare the two' })).toBeEnabled();
  await page.keyboard.press('c');
  await expect(page).toHaveURL(/\/compare\?a=.+&b=.+/);
});

test('forgetting all says how many and can be called off', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Forget all' }).click();
  const dialog = page.getByRole('dialog', { name: 'Forget every exchange?' });
  await expect(dialog).toContainText(/All [\d,]+ exchanges/);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(rows(page).first()).toBeVisible();
});

test('a hostile exchange is text and nothing else', async ({ page }) => {
  await page.goto('/?model=script');
  await expect(rows(page).first()).toContainText('</script>');
  expect(await page.evaluate(() => document.querySelectorAll('main script, main img').length)).toBe(
    0,
  );
});

test('the first page is small and painted soon', async ({ page, isMobile }) => {
  test.skip(isMobile, 'measured once');
  let bytes = 0;
  page.on('response', async (response) => {
    if (!response.url().endsWith('.js')) return;
    const sizes = await response.request().sizes();
    bytes += sizes.responseBodySize;
  });
  await page.goto('/');
  await expect(rows(page).first()).toBeVisible();
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(250_000);
  console.log(`script ${bytes} bytes over the wire`);
});

test('the first paint comes within 300 ms', async ({ page, isMobile }) => {
  test.skip(isMobile, 'measured once');
  const paints: number[] = [];
  // Others share the machine: the best of a few loads is what the page itself takes.
  await expect(async () => {
    await page.goto('/');
    await expect(rows(page).first()).toBeVisible();
    paints.push(
      await page.evaluate(
        () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity,
      ),
    );
    expect(paints.length).toBeGreaterThanOrEqual(3);
  }).toPass({ intervals: [0] });
  console.log(`first paint ${paints.map(Math.round).join(', ')} ms`);
  expect(Math.min(...paints)).toBeLessThan(300);
});
