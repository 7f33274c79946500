import { answer, json } from './answers';
import { expect, test } from './test';

test('a wrong password is said to be wrong, the right one leads on', async ({
  page,
  expected,
  shot,
}) => {
  expected.push(/401/);
  await answer(page, '/api/login', async (route) => {
    const { password } = route.request().postDataJSON() as { password: string };
    if (password === 'correct horse') await route.fulfill({ status: 204 });
    else await json(route, { error: 'wrong' }, 401);
  });
  await page.goto('/login?next=%2Fproviders');
  await expect(page.getByLabel('Password')).toBeFocused();
  await page.keyboard.type('guess');
  await page.keyboard.press('Enter');
  await expect(page.getByText('That is not the password.')).toBeVisible();
  await shot('login');
  await page.keyboard.type('correct horse');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/providers$/);
});

for (const next of [
  '//evil.example/',
  'https://evil.example/',
  '/\\evil.example',
  'javascript:alert(1)',
]) {
  test(`logging in never leads to ${next}`, async ({ page }) => {
    await answer(page, '/api/login', (route) => route.fulfill({ status: 204 }));
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    await page.getByLabel('Password').fill('x');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/^http:\/\/(127\.0\.0\.1|localhost):\d+\/(evil.example)?$/);
  });
}

test('an expired session leads to the login page and back', async ({ page, expected }) => {
  expected.push(/401/);
  await answer(page, '/api/routing', (route) => json(route, { error: 'log in' }, 401));
  await page.goto('/routing');
  await expect(page).toHaveURL(/\/login\?next=%2Frouting$/);
});
