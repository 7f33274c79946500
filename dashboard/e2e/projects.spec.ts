import type { Project } from '../src/lib/api/types';
import { captured } from './ask';
import { ask, MANAGER, manage, open, project, token, tokens, variables } from './manage';
import { expect, follow, test } from './own';
import { axe } from './test';

const KEY = 'sk-ant-api03-of-the-project-0123456789';

test.use({ variables });

function read(weir: string, id: string): Promise<Project> {
  return manage(weir, 'GET', `/projects/${id}`);
}

test.describe('without a management token', () => {
  test.use({ variables: {} });

  for (const path of ['/projects', '/tokens', '/tokens/new', '/audit']) {
    test(`${path} says which setting switches projects on`, async ({ page, expected, shot }) => {
      expected.push(/503/);
      await page.goto(path);
      await expect(page.getByText('Projects are switched off')).toBeVisible();
      await expect(page.getByText('projects.management_token')).toBeVisible();
      await shot(`off${path.replaceAll('/', '-')}`);
    });
  }
});

test('a manager logs in with the token, which the browser does not keep, and out again', async ({
  page,
  context,
  expected,
  shot,
}) => {
  expected.push(/401/);
  await page.goto('/projects');
  await page.getByRole('link', { name: 'Log in' }).click();
  await page.getByLabel('Management token').fill('a guess');
  await page.keyboard.press('Enter');
  await expect(page.getByText('That is not the management token.')).toBeVisible();
  await page.getByLabel('Management token').fill(MANAGER);
  await page.getByLabel('Stay logged in for 30 days').check();
  await shot('login-manager');
  await axe(page);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page).toHaveURL(/\/projects$/);
  await expect(page.getByText('No projects yet')).toBeVisible();
  const cookie = (await context.cookies()).find((one) => one.name === 'weir_session');
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  const days = ((cookie?.expires ?? 0) - Date.now() / 1000) / 86_400;
  expect(Math.round(days)).toBe(30);
  for (const part of (cookie?.value ?? '').split('.'))
    expect(Buffer.from(part, 'base64').toString('latin1')).not.toContain(MANAGER);
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page).toHaveURL(/\/$/);
  await page.goto('/projects');
  await expect(page.getByText('Managing needs a credential')).toBeVisible();
});

test('a project is made with a key, a budget and a rule, and the key is never shown', async ({
  page,
  weir,
  shot,
}) => {
  await open(page, '/projects');
  await page.getByRole('link', { name: 'make the first' }).click();
  await page.getByLabel('Name', { exact: true }).fill('compilers');
  await page.getByRole('button', { name: 'Add a key' }).click();
  await page.getByLabel('Provider').fill('anthropic');
  await page.getByLabel('Key', { exact: true }).fill(KEY);
  await page.getByRole('button', { name: 'Add a budget' }).click();
  await page.getByLabel('Dollars').fill('2,5');
  await page.getByLabel('Requests a minute').fill('sixty');
  await page.getByLabel('Models').fill('claude-*\ngpt-5.4');
  await page.getByRole('button', { name: 'Make the project' }).click();
  await expect(page.getByText('A number of dollars, not below zero.')).toBeVisible();
  await expect(page.getByText('A whole number from 1 on, or nothing.')).toBeVisible();
  await shot('project-new');
  await axe(page);
  await page.getByLabel('Dollars').fill('2.5');
  await page.getByLabel('Requests a minute').fill('60');
  await page.getByRole('button', { name: 'Make the project' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'compilers' })).toBeVisible();
  await expect(page.getByText('claude-*, gpt-5.4')).toBeVisible();
  await expect(page.getByText('$0 of $2.50')).toBeVisible();
  expect(await page.content()).not.toContain(KEY);
  const [made] = await manage<Project[]>(weir, 'GET', '/projects');
  expect(made).toMatchObject({
    name: 'compilers',
    is_active: true,
    limits: { rpm: 60 },
    budgets: [{ period: 'day', usd: 2.5 }],
  });
  expect(made?.keys.map((key) => key.provider)).toEqual(['anthropic']);
  await page.getByRole('link', { name: 'Edit' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('compilers');
  await page.getByLabel('Name', { exact: true }).fill('linkers');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'linkers' })).toBeVisible();
  const edited = await read(weir, made?.id ?? '');
  expect(edited.keys).toEqual(made?.keys);
  expect(edited.rules.allowed_models).toEqual(['claude-*', 'gpt-5.4']);
});

test('a key that is missing is said where it is missing, and no row is left out', async ({
  page,
  weir,
  expected,
}) => {
  expected.push(/400/);
  const { id } = await project(weir, 'halves');
  await open(page, `/projects/${id}/edit`);
  for (let n = 0; n < 2; n += 1) await page.getByRole('button', { name: 'Add a key' }).click();
  const row = (n: number) => page.getByRole('group', { name: `New key ${n}` });
  const marked = (n: number, label: string) =>
    row(n).getByLabel(label, { exact: true }).getAttribute('aria-invalid');
  await row(1).getByLabel('Key', { exact: true }).fill(KEY);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(row(2).getByText('Give the key, or drop its row.')).toBeVisible();
  expect([await marked(1, 'Provider'), await marked(1, 'Key')]).toEqual(['false', 'false']);
  expect([await marked(2, 'Provider'), await marked(2, 'Key')]).toEqual(['false', 'true']);
  await row(2).getByRole('button', { name: 'Drop new key 2' }).click();
  await row(1).getByLabel('Key', { exact: true }).fill('sk-a...1234');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(row(1).getByText('cannot save obfuscated API key')).toBeVisible();
  expect([await marked(1, 'Provider'), await marked(1, 'Key')]).toEqual(['false', 'true']);
  expect((await read(weir, id)).keys).toEqual([]);
  await row(1).getByLabel('Key', { exact: true }).fill(KEY);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'halves', exact: true })).toBeVisible();
  expect((await read(weir, id)).keys).toHaveLength(1);
});

test('a project that was renamed has its new name on every page', async ({ page, weir }) => {
  const { id } = await project(weir, 'compilers');
  await open(page, `/?project=${id}`);
  const chips = page.getByRole('list', { name: 'Filters in force' });
  await expect(chips.getByText('compilers')).toBeVisible();
  await follow(page, `/projects/${id}/edit`);
  await page.getByLabel('Name', { exact: true }).fill('linkers');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'linkers' })).toBeVisible();
  await page.goBack();
  await expect(chips.getByText('linkers')).toBeVisible();
  // One that was made elsewhere, after the names were asked for.
  const late = await project(weir, 'late');
  await follow(page, `/?project=${late.id}`);
  await expect(chips.getByText('late')).toBeVisible();
});

test('a key is replaced and another taken out', async ({ page, weir }) => {
  const keys = [
    { provider: 'anthropic', api_key: KEY },
    { provider: 'openai', api_key: 'sk-openai-of-the-project' },
  ];
  const { id } = await project(weir, 'keys', { keys });
  await open(page, `/projects/${id}/edit`);
  await page.getByRole('button', { name: /^Take out openai/ }).click();
  await page.getByRole('button', { name: 'Add or replace a key' }).click();
  await page.getByLabel('Provider').fill('anthropic');
  await expect(page.getByText('Takes the place of the key it has.')).toBeVisible();
  await page.getByLabel('Key', { exact: true }).fill('sk-ant-api03-another-one-9999999999');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'keys', exact: true })).toBeVisible();
  const { keys: left } = await read(weir, id);
  expect(left.map((key) => key.provider)).toEqual(['anthropic']);
  expect(left[0]?.hint).toContain('9999');
});

test('a change that somebody made meanwhile is said, and not overwritten', async ({
  page,
  weir,
  expected,
}) => {
  expected.push(/412/);
  const { id } = await project(weir, 'shared');
  await open(page, `/projects/${id}/edit`);
  await page.getByLabel('Requests at once').fill('3');
  await manage(weir, 'PATCH', `/projects/${id}`, { limits: { rpm: 7 } });
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Somebody has changed this project in the meantime.')).toBeVisible();
  await expect(page.getByLabel('Requests at once')).toHaveValue('3');
  expect((await read(weir, id)).limits).toEqual({ rpm: 7 });
  await page.getByRole('button', { name: 'Drop mine and show theirs' }).click();
  await expect(page.getByLabel('Requests a minute')).toHaveValue('7');
  await expect(page.getByLabel('Requests at once')).toHaveValue('');
  await page.getByLabel('Requests at once').fill('3');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'shared', exact: true })).toBeVisible();
  expect((await read(weir, id)).limits).toEqual({ rpm: 7, concurrency: 3 });
});

test('a project is switched off and on; its tokens come back unless they were revoked', async ({
  page,
  weir,
  shot,
}) => {
  const one = await project(weir, 'weekend');
  const { token: secret } = await token(weir, one);
  await open(page, `/projects/${one.id}`);
  await page.getByRole('button', { name: 'Switch off' }).click();
  const dialog = page.getByRole('dialog', { name: 'Switch off weekend?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await ask(weir, secret)).toBe(200);
  await page.getByRole('button', { name: 'Switch off' }).click();
  await shot('project-switch-off');
  await dialog.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByText('Its tokens are refused')).toBeVisible();
  expect(await ask(weir, secret)).toBe(403);
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('Its tokens are refused')).toBeHidden();
  expect(await ask(weir, secret)).toBe(200);
  await page.getByRole('button', { name: 'Switch off' }).click();
  await dialog.getByLabel(/Revoke all tokens too/).check();
  await dialog.getByRole('button', { name: 'Switch off' }).click();
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('Its tokens are refused')).toBeHidden();
  expect(await ask(weir, secret)).toBe(401);
  expect((await tokens(weir)).map((each) => each.state)).toEqual(['revoked']);
});

test('all tokens of a project are revoked at once', async ({ page, weir }) => {
  const one = await project(weir, 'leaked');
  const secrets = [await token(weir, one), await token(weir, one)];
  await open(page, `/projects/${one.id}`);
  await page.getByRole('button', { name: 'Revoke all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke all' }).click();
  await expect(page.getByText('2 tokens revoked')).toBeVisible();
  // Said once: at this moment, for notes go by themselves.
  expect(await page.getByText(/tokens (are )?revoked/).count()).toBe(1);
  for (const { token: secret } of secrets) expect(await ask(weir, secret)).toBe(401);
});

test('the list tells what each has used, and is searched by words and state', async ({
  page,
  weir,
  shot,
}) => {
  const budgets = [
    { period: 'day', usd: 1, tokens: 100_000 },
    { period: 'month', usd: 40 },
  ];
  const spender = await project(weir, 'spender', {
    keys: [{ provider: 'anthropic', api_key: KEY }],
    budgets,
  });
  const { token: secret } = await token(weir, spender);
  await token(weir, spender, { name: 'spare' });
  expect(await ask(weir, secret)).toBe(200);
  await project(weir, 'idle');
  const off = await project(weir, 'switched');
  await manage(weir, 'PATCH', `/projects/${off.id}`, { is_active: false });
  await open(page, '/projects');
  const list = page.getByRole('list', { name: 'Projects' });
  const card = list.getByRole('listitem').filter({ hasText: 'spender' }).first();
  await expect(card.getByText('2 of 2 tokens')).toBeVisible();
  await expect(card.getByText('1 request')).toBeVisible();
  await expect(card.getByRole('meter', { name: 'spender: tokens today' })).not.toHaveAttribute(
    'aria-valuenow',
    '0',
  );
  await expect(list.getByText("the gateway's own keys").first()).toBeVisible();
  await shot('projects');
  await page.getByLabel('Search projects').fill('anthropic spend');
  await expect(list.getByText('idle')).toBeHidden();
  await expect(page).toHaveURL(/q=anthropic/);
  await page.getByLabel('Search projects').fill('');
  await page.getByLabel('State').selectOption('off');
  await expect(list.getByText('switched')).toBeVisible();
  await expect(list.getByText('spender')).toBeHidden();
  await page.reload();
  await expect(list.getByText('switched')).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'switched' })).toBeVisible();
  await page.goto(`/projects/${spender.id}`);
  await expect(page.getByText('2 of 2 active, 1 request')).toBeVisible();
  await shot('project');
});

test('what a project used is told apart by its name', async ({ page, weir, isMobile, shot }) => {
  const one = await project(weir, 'the parser team', {
    keys: [{ provider: 'anthropic', api_key: KEY }],
  });
  const { token: secret } = await token(weir, one);
  expect(await ask(weir, secret)).toBe(200);
  const id = await captured(weir, `project=${one.id}&limit=1`);
  await page.goto(`/?project=${one.id}`);
  const chips = page.getByRole('list', { name: 'Filters in force' });
  await expect(chips.getByText('the parser team')).toBeVisible();
  // A phone has no room for it.
  const facet = page.getByRole('button', { name: /the parser team/, pressed: true });
  if (!isMobile) await expect(facet).toBeVisible();
  await shot('live-project');
  await page.goto('/usage?by=project');
  await expect(page.getByRole('cell', { name: 'the parser team' })).toBeVisible();
  await shot('usage-project');
  await page.goto(`/requests/${id}`);
  await page.getByText('All facts').click();
  await expect(page.getByText('the parser team')).toBeVisible();
});
