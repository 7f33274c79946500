import type { Token } from '../src/lib/api/types';
import { ask, manage, open, project, token, tokens, variables } from './manage';
import { expect, test, type Page } from './own';
import { axe } from './test';

test.use({ variables });

function read(weir: string, id: string): Promise<Token> {
  return manage(weir, 'GET', `/tokens/${id}`);
}

/** Everything that outlives a page, or is seen beside it. */
function kept(page: Page): Promise<string> {
  return page.evaluate(() =>
    [
      window.location.href,
      JSON.stringify(window.localStorage),
      JSON.stringify(window.sessionStorage),
      JSON.stringify(window.history.state),
      document.title,
      document.body.innerText,
    ].join('\n'),
  );
}

test('a token is made; its secret is there once, with lines for clients, and works', async ({
  page,
  weir,
  shot,
}) => {
  const one = await project(weir, 'agents');
  await open(page, `/projects/${one.id}`);
  await page.getByRole('link', { name: 'New token' }).click();
  await expect(page.getByRole('combobox', { name: 'Project' })).toHaveValue(one.id);
  await page.getByLabel('Name').fill('ci');
  await page.getByLabel('Lives for').selectOption('3 hours');
  await page.getByLabel('Requests in all').fill('5');
  await shot('token-new');
  await axe(page);
  await page.getByRole('button', { name: 'Make the token' }).click();
  const shown = page.getByTestId('secret');
  await expect(shown).toHaveText(/^sk-[A-Za-z0-9_-]{22}$/);
  const secret = (await shown.textContent()) ?? '';
  for (const [client, line] of [
    ['Claude Code', 'ANTHROPIC_BASE_URL='],
    ['Codex', 'openai_base_url='],
    ['Gemini CLI', 'GOOGLE_GEMINI_BASE_URL='],
    ['curl', 'x-api-key'],
    ['Python', 'from anthropic import'],
    ['Node', '@anthropic-ai/sdk'],
  ] as const) {
    await page.getByRole('tab', { name: client, exact: true }).click();
    const panel = page.getByRole('tabpanel', { name: client, exact: true });
    await expect(panel).toContainText(line);
    await expect(panel).toContainText(secret);
    await expect(panel).toContainText(weir);
  }
  await shot('token-made');
  await axe(page);
  await page.getByRole('button', { name: 'Copy the token' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  expect(await ask(weir, secret)).toBe(200);

  await page.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'ci' })).toBeVisible();
  await expect(page.getByText(/withers in 2 h 5\d min/)).toBeVisible();
  expect(await kept(page)).not.toContain(secret);
  await page.goBack();
  await expect(page.getByRole('button', { name: 'Make the token' })).toBeVisible();
  expect(await kept(page)).not.toContain(secret);
  const [made] = await tokens(weir);
  expect(made).toMatchObject({ name: 'ci', state: 'active', max_requests: 5 });
});

test('a new secret that nobody has copied is not lost unasked', async ({
  page,
  weir,
  isMobile,
}) => {
  await project(weir, 'agents');
  await open(page, '/tokens');
  await page.getByRole('link', { name: 'New token' }).click();
  const make = page.getByRole('button', { name: 'Make the token' });
  await make.click();
  const shown = page.getByTestId('secret');
  const secret = (await shown.textContent()) ?? '';
  const asked = page.getByRole('dialog', { name: 'Go without the secret?' });
  const stay = async () => {
    await asked.getByRole('button', { name: 'Cancel' }).click();
    await expect(asked).toBeHidden();
    await expect(shown).toHaveText(secret);
    await expect(page).toHaveURL(/\/tokens\/new/);
  };
  await page.getByRole('button', { name: 'Another one' }).click();
  await stay();
  await page.evaluate(() => window.history.back());
  await stay();
  if (!isMobile) {
    await page.getByRole('link', { name: 'Usage' }).click();
    await stay();
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await stay();
  }
  const asks = () =>
    page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
  expect(await asks(), 'the browser asks before it closes').toBe(true);
  await page.evaluate(() => window.history.back());
  await asked.getByRole('button', { name: 'Go without it' }).click();
  await expect(page).toHaveURL(/\/tokens$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Tokens' })).toBeVisible();
  expect(await asks()).toBe(false);

  await page.goto('/tokens/new');
  await make.click();
  await page.getByRole('button', { name: 'Copy: Claude Code' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('sk-');
  await page.getByRole('button', { name: 'Another one' }).click();
  await expect(make).toBeVisible();
  await expect(asked).toBeHidden();
});

test('a life of its own is typed, and what is no life is said to be none', async ({
  page,
  weir,
  expected,
}) => {
  expected.push(/400/);
  await project(weir, 'agents');
  await open(page, '/tokens/new');
  await page.getByLabel('Lives for').selectOption('Something else …');
  await page.getByLabel('How long').fill('400d');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByText('From 1 minute to 365 days')).toBeVisible();
  await page.getByLabel('How long').fill('36h');
  await page.getByText('Rules, limits and budgets of its own').click();
  await page.getByLabel('Models').fill('[');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('Models')).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Models').fill('claude-haiku-*');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByTestId('secret')).toBeVisible();
  const [made] = await tokens(weir);
  expect(made?.rules.allowed_models).toEqual(['claude-haiku-*']);
  const minutes =
    (Date.parse(made?.expires_at ?? '') - Date.parse(made?.created_at ?? '')) / 60_000;
  expect(Math.round(minutes)).toBe(36 * 60);
});

test('a token below another is made from it', async ({ page, weir }) => {
  const one = await project(weir, 'agents');
  const parent = await token(weir, one, { name: 'parent' });
  await open(page, `/tokens/${parent.id}`);
  await page.getByRole('link', { name: 'A token below it' }).click();
  await expect(page.getByLabel('Below')).toHaveValue(parent.id);
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByRole('link', { name: 'parent', exact: true })).toBeVisible();
  const made = (await tokens(weir)).find((each) => each.id !== parent.id);
  expect(made?.parent_id).toBe(parent.id);
});

test('a token is revoked and switched on again with its cap as it was', async ({ page, weir }) => {
  const one = await project(weir, 'agents');
  const { id, token: secret } = await token(weir, one, { name: 'capped', max_requests: 9 });
  await open(page, `/tokens/${id}`);
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('revoked', { exact: true })).toBeVisible();
  expect(await ask(weir, secret)).toBe(401);
  await page.getByRole('button', { name: 'Switch on again' }).click();
  await expect(page.getByText('active', { exact: true })).toBeVisible();
  expect(await ask(weir, secret)).toBe(200);
  expect(await read(weir, id)).toMatchObject({ is_active: true, max_requests: 9 });
});

test('a rotated secret works beside the new one for as long as was said', async ({
  page,
  weir,
  shot,
}) => {
  const one = await project(weir, 'agents');
  const { id, token: before } = await token(weir, one, { name: 'turning' });
  await open(page, `/tokens/${id}`);
  const dialog = page.getByRole('dialog', { name: 'Rotate turning' });
  const rotate = async (overlap: string): Promise<string> => {
    await page.getByRole('button', { name: 'Rotate' }).click();
    await dialog.getByLabel('The secret before works on for').selectOption(overlap);
    await dialog.getByRole('button', { name: 'Rotate' }).click();
    return (await dialog.getByTestId('secret').textContent()) ?? '';
  };
  const second = await rotate('1 hour');
  await shot('token-rotated');
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await expect(dialog).toBeHidden();
  expect([await ask(weir, before), await ask(weir, second)]).toEqual([200, 200]);
  const third = await rotate('not at all');
  await dialog.getByRole('button', { name: 'I have it' }).click();
  expect(await kept(page)).not.toContain(third);
  expect([await ask(weir, second), await ask(weir, third)]).toEqual([401, 200]);
});

test('a rotated secret is not lost unasked, however its dialog is closed', async ({
  page,
  weir,
  shot,
}) => {
  const one = await project(weir, 'agents');
  const { id } = await token(weir, one, { name: 'turning' });
  await open(page, '/tokens');
  await page.getByRole('link', { name: 'turning' }).click();
  const dialog = page.getByRole('dialog', { name: 'Rotate turning' });
  const asked = page.getByRole('dialog', { name: 'Go without the secret?' });
  await page.getByRole('button', { name: 'Rotate' }).click();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();

  await page.getByRole('button', { name: 'Rotate' }).click();
  await dialog.getByRole('button', { name: 'Rotate' }).click();
  const shown = dialog.getByTestId('secret');
  const secret = (await shown.textContent()) ?? '';
  // The browser closes a dialog itself that keeps itself open when Escape is pressed again.
  for (let n = 0; n < 3; n += 1) {
    await page.keyboard.press('Escape');
    await expect(asked).toBeVisible();
    if (n === 0) await shot('token-secret-unasked');
    await page.keyboard.press('Escape');
    await expect(asked).toBeHidden();
    await expect(shown).toHaveText(secret);
  }
  await dialog.getByRole('button', { name: 'Close' }).click();
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await page.mouse.click(5, 5);
  await expect(asked).toBeVisible();
  await axe(page);
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await page.evaluate(() => window.history.back());
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await expect(shown).toHaveText(secret);
  // Once more, and what had been asked before does not answer it.
  await page.keyboard.press('Escape');
  await expect(asked).toBeVisible();
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await dialog.getByRole('button', { name: 'Copy the token' }).click();
  await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(asked).toBeHidden();

  await page.getByRole('button', { name: 'Rotate' }).click();
  await dialog.getByRole('button', { name: 'Rotate' }).click();
  await expect(shown).not.toHaveText(secret);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await asked.getByRole('button', { name: 'Go without it' }).click();
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(new RegExp(id));
});

test('a token is edited; a change that came between is said and not overwritten', async ({
  page,
  weir,
  expected,
  shot,
}) => {
  expected.push(/412/);
  const one = await project(weir, 'agents');
  const { id } = await token(weir, one, { name: 'edited', max_requests: 5 });
  await open(page, `/tokens/${id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await expect(page.getByLabel('Name')).toBeFocused();
  await page.getByLabel('Requests in all').fill('');
  await page.getByRole('button', { name: 'Add a budget' }).click();
  await page.getByLabel('Period').selectOption('a week');
  await page.getByLabel('Tokens', { exact: true }).fill('100000');
  await shot('token-edit');
  await axe(page);
  await manage(weir, 'PATCH', `/tokens/${id}`, { max_requests: 6 });
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Somebody has changed this token in the meantime.')).toBeVisible();
  expect((await read(weir, id)).max_requests).toBe(6);
  await page.getByRole('button', { name: 'Drop mine and show theirs' }).click();
  await expect(page.getByLabel('Requests in all')).toHaveValue('6');
  await page.getByLabel('Requests in all').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('form', { name: 'Edit the token' })).toBeHidden();
  await expect(page.getByTestId('requests')).toHaveText('0');
  expect(await read(weir, id)).toMatchObject({ max_requests: null, budgets: [] });
});

test('a budget is edited, and rules stay to the letter', async ({ page, weir }) => {
  const one = await project(weir, 'agents');
  const rules = { allowed_models: ['claude-*'], param_whitelist: { stop: ['a,b', '["c","d"]'] } };
  const made = await manage<Token>(weir, 'POST', '/tokens', {
    project_id: one.id,
    duration_minutes: 60,
    name: 'strict',
    rules,
    budgets: [{ period: 'day', usd: 1 }],
  });
  await open(page, `/tokens/${made.id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Dollars', { exact: true }).fill('2');
  await page.getByRole('button', { name: 'Save' }).click();
  const form = page.getByRole('form', { name: 'Edit the token' });
  await expect(form).toBeHidden();
  expect(await read(weir, made.id)).toMatchObject({ rules, budgets: [{ period: 'day', usd: 2 }] });
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Models').fill('claude-haiku-*');
  await page.getByLabel('Parameters').press('End');
  await page.getByLabel('Parameters').pressSequentially(', e');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(form).toBeHidden();
  expect((await read(weir, made.id)).rules).toEqual({
    allowed_models: ['claude-haiku-*'],
    param_whitelist: { stop: ['a,b', '["c","d"]', 'e'] },
  });
});

test('the list tells states, countdowns and use, and is filtered in the address', async ({
  page,
  weir,
  shot,
}) => {
  const one = await project(weir, 'agents');
  const other = await project(weir, 'people');
  const used = await token(weir, one, { name: 'worn', max_requests: 1 });
  expect(await ask(weir, used.token)).toBe(200);
  const gone = await token(weir, one, { name: 'gone' });
  await manage(weir, 'DELETE', `/tokens/${gone.id}`);
  const budgets = [{ period: 'day' as const, tokens: 50_000, usd: 2 }];
  await token(weir, other, { name: 'fresh', duration_minutes: 525_600, budgets });
  await token(weir, other, { name: 'short', duration_minutes: 5 });
  await expect
    .poll(async () => (await tokens(weir)).find((each) => each.name === 'worn')?.state)
    .toBe('used_up');
  await open(page, '/tokens');
  const list = page.getByRole('list', { name: 'Tokens' });
  const row = (name: string) => list.getByRole('listitem').filter({ hasText: name }).first();
  await expect(row('worn').getByText('used up')).toBeVisible();
  await expect(row('gone').getByText('revoked', { exact: true })).toBeVisible();
  await expect(row('fresh').getByText('withers in 364 d')).toBeVisible();
  await expect(row('short').getByText(/withers in 4 min/)).toBeVisible();
  await expect(row('fresh').getByText('people')).toBeVisible();
  await shot('tokens');
  await page.getByLabel('State').selectOption('revoked');
  await expect(row('fresh')).toBeHidden();
  await expect(page).toHaveURL(/state=revoked/);
  await page.getByLabel('State').selectOption('Any state');
  await page.getByRole('combobox', { name: 'Project' }).selectOption('people');
  await expect(row('short')).toBeVisible();
  await expect(row('gone')).toBeHidden();
  await page.getByRole('combobox', { name: 'Project' }).selectOption('All projects');
  await page.getByLabel('Search tokens').fill('people fre');
  await expect(row('fresh')).toBeVisible();
  await expect(row('short')).toBeHidden();
  await page.reload();
  await expect(row('fresh')).toBeVisible();
  await expect(row('short')).toBeHidden();
});

test('a token that there is none of is said to be none', async ({ page, weir, expected }) => {
  expected.push(/404/);
  await project(weir, 'agents');
  await open(page, '/tokens/no-such-token');
  await expect(page.getByText('token not found')).toBeVisible();
});
