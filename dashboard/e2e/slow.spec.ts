// What people do while an answer is on its way: it takes as long as the test wants.
import { captured } from './ask';
import { ask, manage, open, project, token, tokens, variables } from './manage';
import { expect, follow, hold, test, type Page } from './own';

test.use({ variables });

const TOKENS = /\/manage\/tokens(\?.*)?$/;

/** Has a page be refused what it sends there, as by a weir that is broken. */
async function refuse(page: Page, method: string, url: RegExp): Promise<void> {
  await page.route(url, (route) => {
    if (route.request().method() !== method) return route.fallback();
    return route.fulfill({ status: 500, json: { error: 'it is broken' } });
  });
}

test('a token is below another though the others are not known yet', async ({ page, weir }) => {
  const one = await project(weir, 'agents');
  const parent = await token(weir, one, { name: 'parent' });
  const others = await hold(page, 'GET', TOKENS);
  await open(page, `/tokens/new?project=${one.id}&parent=${parent.id}`);
  await others.sent;
  await expect(page.getByLabel('Below')).toHaveValue(parent.id);
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByTestId('secret')).toBeVisible();
  others.letGo();
  const made = (await tokens(weir)).find((each) => each.id !== parent.id);
  expect(made?.parent_id).toBe(parent.id);
});

test('a token is below another though the others cannot be listed', async ({
  page,
  weir,
  expected,
}) => {
  expected.push(/500/);
  const one = await project(weir, 'agents');
  const parent = await token(weir, one, { name: 'parent' });
  await refuse(page, 'GET', TOKENS);
  await open(page, `/tokens/new?project=${one.id}&parent=${parent.id}`);
  await expect(page.getByText('it is broken')).toBeVisible();
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByTestId('secret')).toBeVisible();
  const made = (await tokens(weir)).find((each) => each.id !== parent.id);
  expect(made?.parent_id).toBe(parent.id);
});

test('what was begun with a token is not done to the next', async ({ page, weir }) => {
  const one = await project(weir, 'agents');
  const above = await token(weir, one, { name: 'above' });
  const below = await token(weir, one, { name: 'below', parent_id: above.id });
  const heading = (name: string) => page.getByRole('heading', { level: 1, name });
  const form = page.getByRole('form', { name: 'Edit the token' });
  await open(page, `/tokens/${above.id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await expect(form).toBeVisible();
  const next = await hold(page, 'GET', new RegExp(`/manage/tokens/${below.id}$`));
  await page.getByRole('link', { name: 'below', exact: true }).click();
  await next.sent;
  await expect(heading('above')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Revoke' })).toBeHidden();
  next.letGo();
  await expect(heading('below')).toBeVisible();
  await expect(form).toBeHidden();

  await page.getByRole('button', { name: 'Revoke' }).click();
  const asked = page.getByRole('dialog', { name: 'Revoke below?' });
  await page.evaluate(() => window.history.back());
  await expect(heading('above')).toBeVisible();
  await asked.getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('The token is revoked')).toBeVisible();
  const states = (await tokens(weir)).map(({ name, is_active }) => [name, is_active]);
  expect(Object.fromEntries(states)).toEqual({ above: true, below: false });
});

test('the tokens of a project are revoked, not those of the one that is shown then', async ({
  page,
  weir,
}) => {
  const first = await project(weir, 'first');
  const second = await project(weir, 'second');
  await token(weir, first, { name: 'of the first' });
  await token(weir, second, { name: 'of the second' });
  await open(page, `/projects/${first.id}`);
  const heading = (name: string) => page.getByRole('heading', { level: 1, name });
  await expect(heading('first')).toBeVisible();
  await page.getByRole('button', { name: 'Revoke all' }).click();
  await follow(page, `/projects/${second.id}`);
  await expect(heading('second')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke all' }).click();
  await expect(page.getByText('1 token revoked')).toBeVisible();
  const states = (await tokens(weir)).map(({ name, is_active }) => [name, is_active]);
  expect(Object.fromEntries(states)).toEqual({ 'of the first': false, 'of the second': true });
});

test('a secret that is on its way is not lost unasked', async ({ page, weir }) => {
  const one = await project(weir, 'agents');
  const { id } = await token(weir, one, { name: 'turning' });
  const asked = page.getByRole('dialog', { name: 'Go without the secret?' });
  const rotation = await hold(page, 'POST', /\/rotate$/);
  await open(page, '/tokens');
  await page.getByRole('link', { name: 'turning' }).click();
  await page.getByRole('button', { name: 'Rotate' }).click();
  const dialog = page.getByRole('dialog', { name: 'Rotate turning' });
  await dialog.getByRole('button', { name: 'Rotate' }).click();
  await rotation.sent;
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toBeVisible();
  await page.evaluate(() => window.history.back());
  await asked.getByRole('button', { name: 'Cancel' }).click();
  rotation.letGo();
  await expect(dialog.getByTestId('secret')).toHaveText(/^sk-/);
  await expect(page).toHaveURL(new RegExp(id));
});

test('a token that is being made is not lost unasked', async ({ page, weir }) => {
  await project(weir, 'agents');
  const making = await hold(page, 'POST', TOKENS);
  await open(page, '/tokens/new');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await making.sent;
  await page.getByRole('link', { name: 'Cancel' }).click();
  const asked = page.getByRole('dialog', { name: 'Go without the secret?' });
  await asked.getByRole('button', { name: 'Cancel' }).click();
  making.letGo();
  await expect(page.getByTestId('secret')).toHaveText(/^sk-/);
  await expect(page).toHaveURL(/\/tokens\/new$/);
});

test('whoever has left a form stays where they are when it is saved', async ({ page, weir }) => {
  const { id } = await project(weir, 'saved late');
  await open(page, `/projects/${id}/edit`);
  const saving = await hold(page, 'PATCH', /\/manage\/projects\//);
  await page.getByLabel('Name', { exact: true }).fill('saved at last');
  await page.getByRole('button', { name: 'Save' }).click();
  await saving.sent;
  await follow(page, '/tokens');
  await expect(page.getByRole('heading', { level: 1, name: 'Tokens' })).toBeVisible();
  saving.letGo();
  await expect(page.getByText('saved at last is saved')).toBeVisible();
  await expect(page).toHaveURL(/\/tokens$/);
});

test('a session whose deletion is refused is there still, and why is said', async ({
  page,
  weir,
  expected,
}) => {
  expected.push(/500/);
  const one = await project(weir, 'agents');
  const { token: secret } = await token(weir, one);
  const session = `kept-${crypto.randomUUID()}`;
  expect(await ask(weir, secret, { 'x-claude-code-session-id': session })).toBe(200);
  await captured(weir, `session=${session}&limit=1`);
  await refuse(page, 'DELETE', /\/api\/sessions\//);
  await open(page, `/sessions/${session}`);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('it is broken')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(session));
});

test('logging in leads back to what was asked for', async ({ page, weir, expected }) => {
  expected.push(/401/);
  const off = await project(weir, 'switched');
  await manage(weir, 'PATCH', `/projects/${off.id}`, { is_active: false });
  await page.goto('/projects?state=off');
  await expect(page.getByRole('link', { name: 'Log in' })).toHaveAttribute(
    'href',
    '/login?next=%2Fprojects%3Fstate%3Doff&as=manager',
  );
});
