import { expect, test } from './test';

test('every page of the navigation opens by its keys', async ({ page }) => {
  await page.goto('/providers');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Providers');
  await page.keyboard.press('g');
  await page.keyboard.press('u');
  await expect(page).toHaveURL(/\/usage/);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await expect(page).toHaveURL(/\/$/);
});

test('the palette goes to pages and searches', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('prov');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/providers$/);
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('borrow checking');
  await page.getByRole('option', { name: /Search exchanges/ }).click();
  await expect(page).toHaveURL(/\/requests\?q=borrow/);
});

test('the list of keys opens with ? and closes with Escape', async ({ page, shot }) => {
  await page.goto('/');
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await expect(dialog).toBeVisible();
  await shot('keys');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('the theme that was chosen is there before the first paint', async ({
  page,
  isMobile,
  expected,
}) => {
  expected.push(/ERR_FAILED/);
  test.skip(isMobile, 'the button is in the drawer');
  await page.goto('/');
  const html = page.locator('html');
  const button = page.getByRole('button', { name: /^Theme/ });
  await button.click();
  await expect(html).toHaveAttribute('data-theme', 'light');
  await button.click();
  await expect(html).toHaveAttribute('data-theme', 'dark');
  await page.route('**/assets/index-*.js', (route) => route.abort());
  await page.reload({ waitUntil: 'commit' });
  await expect(html).toHaveAttribute('data-theme', 'dark');
  await page.unroute('**/assets/index-*.js');
  await page.reload();
});

test('a path that is no page says so', async ({ page }) => {
  await page.goto('/providers');
  await page.evaluate(() => history.pushState(null, '', '/no/such'));
  await page.evaluate(() => window.dispatchEvent(new PopStateEvent('popstate')));
  await expect(page.getByText('There is no such page')).toBeVisible();
});

test('what cannot be loaded says so and is asked for again', async ({ page, expected }) => {
  expected.push(/500/);
  // A weir that is well does not fail so: the answer is made up.
  let fails = true;
  await page.route('**/api/providers', (route) =>
    fails
      ? route.fulfill({ status: 500, json: { error: 'The history is damaged' } })
      : route.continue(),
  );
  await page.goto('/providers');
  const note = page.getByRole('alert');
  await expect(note).toContainText('The history is damaged');
  fails = false;
  await note.getByRole('button').click();
  await expect(page.getByRole('article', { name: 'spare' })).toBeVisible();
});
