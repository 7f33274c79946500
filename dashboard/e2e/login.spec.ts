import { expect, test, type Page } from './own';

const PASSWORD = 'correct horse';

test.use({ variables: { DASHBOARD_PASSWORD: PASSWORD } });

async function logIn(page: Page, next: string): Promise<void> {
  await page.goto(`/login?next=${encodeURIComponent(next)}`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
}

test('a page leads to the login page; a wrong password is said to be wrong, the right one leads back', async ({
  page,
  weir,
  expected,
  shot,
}) => {
  expected.push(/401/);
  expect((await fetch(`${weir}/api/providers`)).status).toBe(401);
  await page.goto('/providers');
  await expect(page).toHaveURL(/\/login\?next=(\/|%2F)providers$/);
  await expect(page.getByLabel('Password')).toBeFocused();
  await page.keyboard.type('guess');
  await page.keyboard.press('Enter');
  await expect(page.getByText('That is not the password.')).toBeVisible();
  await shot('login');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/providers$/);
  await expect(page.getByRole('article', { name: 'spare' })).toBeVisible();
});

test('the session is a cookie that scripts cannot read, and outlives a reload', async ({
  page,
  context,
}) => {
  await logIn(page, '/providers');
  await expect(page.getByRole('article', { name: 'spare' })).toBeVisible();
  const cookie = (await context.cookies()).find((one) => one.name === 'weir_session');
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
  expect(await page.evaluate(() => document.cookie)).not.toContain('weir_session');
  await page.reload();
  await expect(page.getByRole('article', { name: 'spare' })).toBeVisible();
});

for (const next of [
  '//evil.example/',
  'https://evil.example/',
  '/\\evil.example',
  'javascript:alert(1)',
]) {
  test(`logging in never leads to ${next}`, async ({ page }) => {
    await logIn(page, next);
    await expect(page).toHaveURL(/^http:\/\/(127\.0\.0\.1|localhost):\d+\/(evil.example)?$/);
  });
}

test('a session that is gone leads to the login page and back', async ({
  page,
  context,
  expected,
}) => {
  expected.push(/401/);
  await logIn(page, '/routing');
  await expect(page.getByRole('radio', { name: /^shuffle/ })).toBeVisible();
  await context.clearCookies();
  await page.reload();
  await expect(page).toHaveURL(/\/login\?next=(\/|%2F)routing$/);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('radio', { name: /^shuffle/ })).toBeVisible();
  await expect(page).toHaveURL(/:\d+\/routing$/);
});

test('logging out ends the session', async ({ page, isMobile, expected }) => {
  expected.push(/401/);
  await logIn(page, '/providers');
  await expect(page.getByRole('article', { name: 'spare' })).toBeVisible();
  if (isMobile) await page.getByRole('button', { name: /navigation|menu/i }).click();
  await page.getByRole('button', { name: /log out/i }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto('/providers');
  await expect(page).toHaveURL(/\/login\?next=(\/|%2F)providers$/);
});
