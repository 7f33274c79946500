import type { ProxySettings, RequestLog } from '../src/lib/api/types';
import { captured, exchange, found, get } from './ask';
import { expect, test, type Page } from './own';

const RULES: ProxySettings = {
  requestHeaderRules: [
    { header: 'x-team', action: 'set', value: 'compilers', enabled: true },
    { header: 'user-agent', action: 'replace', find: 'claude-cli', value: 'agent', enabled: true },
    { header: 'x-stainless-os', action: 'block', enabled: false },
  ],
  responseHeaderRules: [{ header: 'server', action: 'block', enabled: true }],
};

async function withRules(weir: string): Promise<void> {
  const answer = await fetch(`${weir}/api/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(RULES),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function rules(weir: string): Promise<[string, boolean | undefined][]> {
  const kept = await get<ProxySettings>(weir, '/api/settings');
  return kept.requestHeaderRules.map((rule) => [rule.header, rule.enabled]);
}

async function setting(weir: string, path: string): Promise<[unknown, string | undefined]> {
  const { settings } = await get<{
    settings: { path: string; value: unknown; source: string }[];
  }>(weir, '/api/config/effective');
  const one = settings.find((each) => each.path === path);
  return [one?.value, one?.source];
}

async function send(weir: string, model = 'claude-haiku-4-5'): Promise<RequestLog> {
  const session = `settings-${crypto.randomUUID()}`;
  const answer = await fetch(`${weir}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'claude-cli/2.1.329',
      'x-stainless-os': 'Linux',
      'x-claude-code-session-id': session,
    },
    body: JSON.stringify({ model, max_tokens: 9, messages: [{ role: 'user', content: 'Hello.' }] }),
  });
  await answer.arrayBuffer();
  return exchange(weir, await captured(weir, `session=${session}&limit=1`));
}

const save = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect(page.getByText('Saved: the next request goes by these rules.')).toBeVisible();
};

test('header rules are added, moved by keyboard, switched off, saved and in force', async ({
  page,
  weir,
  shot,
}) => {
  await withRules(weir);
  const before = await send(weir);
  expect(before.sent?.headers['x-team']).toEqual(['compilers']);
  await page.goto('/settings');
  await expect(page.getByTestId('rule-request')).toHaveCount(3);
  await page.getByTestId('add-request').click();
  await page.getByLabel('Header of rule 4').fill('x-new');
  await page.getByLabel('Value of rule 4').fill('1');
  await page.getByRole('button', { name: 'Rule 4 of 4' }).focus();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('button', { name: 'Rule 3 of 4' })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.getByLabel('Rule 1 is on').first().uncheck();
  await shot('settings-headers');
  await save(page);
  const order = [
    ['x-team', false],
    ['x-new', true],
    ['user-agent', true],
    ['x-stainless-os', false],
  ];
  expect(await rules(weir)).toEqual(order);
  await page.reload();
  await expect(page.getByTestId('rule-request')).toHaveCount(4);
  await expect(page.getByLabel('Header of rule 2').first()).toHaveValue('x-new');
  await expect(page.getByLabel('Rule 1 is on').first()).not.toBeChecked();
  const { sent } = await send(weir);
  expect(sent?.headers['x-team']).toBeUndefined();
  expect(sent?.headers['x-new']).toEqual(['1']);
  expect(sent?.headers['user-agent']).toEqual(['agent/2.1.329']);
});

test('header rules are moved by dragging', async ({ page, weir, isMobile }) => {
  test.skip(isMobile, 'phones move them by the arrows of a keyboard alone');
  await withRules(weir);
  await page.goto('/settings');
  await page
    .getByRole('button', { name: 'Rule 1 of 3' })
    .dragTo(page.getByRole('button', { name: 'Rule 3 of 3' }));
  await save(page);
  expect((await rules(weir)).map(([header]) => header)).toEqual([
    'user-agent',
    'x-stainless-os',
    'x-team',
  ]);
});

test('a rule on a header of the connection is refused inline, a delicate one warned of', async ({
  page,
  weir,
  shot,
}) => {
  await withRules(weir);
  await page.goto('/settings');
  const field = page.getByLabel('Header of rule 1').first();
  await field.fill('Content-Length');
  await expect(page.getByText('Content-Length belongs to the connection itself')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save rules' })).toBeDisabled();
  await shot('settings-guard');
  await field.fill('anthropic-beta');
  await expect(page.getByText('Clients depend on anthropic-beta')).toBeVisible();
  await save(page);
  // And the gateway's own warning.
  await expect(page.getByText(/anthropic-beta/).first()).toBeVisible();
  expect((await rules(weir))[0]).toEqual(['anthropic-beta', true]);
});

test('what the gateway refuses is shown at its rule', async ({ page, expected }) => {
  expected.push(/400/);
  // The page knows all that weir refuses, so that a refusal has to be made up.
  await page.route('**/api/settings', (route) =>
    route.request().method() === 'GET'
      ? route.fulfill({ json: RULES })
      : route.fulfill({
          status: 400,
          json: {
            error: '`requestHeaderRules`: rule 1: `header`: `x-odd` is refused here',
            field: 'requestHeaderRules',
          },
        }),
  );
  await page.goto('/settings');
  await page.getByLabel('Header of rule 1').first().fill('x-odd');
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect(page.getByText(/`x-odd` is refused here/)).toBeVisible();
  await expect(page.getByLabel('Header of rule 1').first()).toHaveAttribute('aria-invalid', 'true');
});

test('the preview shows what rules make of headers', async ({ page, weir }) => {
  await withRules(weir);
  await page.goto('/settings');
  const preview = page.getByTestId('preview');
  await expect(preview.locator('.added')).toHaveText(/x-team: compilers/);
  await expect(preview.locator('.changed')).toHaveText(/User-Agent: claude-cli.* agent/);
  await page.getByRole('button', { name: 'Response' }).click();
  await page.getByLabel('Headers to try').fill('server: nginx\ndate: today');
  await expect(preview.locator('.removed')).toHaveText(/server: nginx/);
});

test.describe('with bounds in the file and on the command line', () => {
  test.use({
    extra: 'capture:\n  retention:\n    max_age: 30d\n',
    variables: { WEIR_LOG: 'info' },
  });

  test('retention is edited in place, refused with its fault, and taken back', async ({
    page,
    weir,
    shot,
    expected,
  }) => {
    expected.push(/422/);
    const path = 'capture.retention.max_age';
    await page.goto('/settings?tab=retention');
    const age = page.getByLabel('Oldest exchange kept');
    await expect(age).toHaveValue('30d');
    await age.fill('soon');
    await age.press('Enter');
    await expect(page.getByText(/is (not a|no) .*(span|duration|time)/i).first()).toBeVisible();
    expect(await setting(weir, path)).toEqual(['30d', 'file']);
    await shot('settings-retention');
    await age.fill('7d');
    await age.press('Enter');
    await expect(page.getByText('Stored and in force.')).toBeVisible();
    expect(await setting(weir, path)).toEqual(['7d', 'stored']);
    await page.reload();
    await expect(age).toHaveValue('7d');
    await page.getByRole('button', { name: 'Remove edit' }).click();
    await expect(age).toHaveValue('30d');
    expect(await setting(weir, path)).toEqual(['30d', 'file']);
  });

  test('a setting of the environment is not edited here', async ({ page }) => {
    await page.goto('/settings?tab=configuration');
    await page.getByLabel('Find a setting').fill('logging.level');
    await expect(page.getByText('WEIR_LOG').first()).toBeVisible();
    await page.getByRole('button', { name: 'Edit logging.level' }).click();
    await expect(page.getByLabel('logging.level')).toBeDisabled();
    await expect(page.getByText('Set by WEIR_LOG, which wins over edits made here.')).toBeVisible();
  });
});

test('a purge counts first, then asks, then deletes', async ({ page, weir, shot }) => {
  const gone = await send(weir);
  await send(weir);
  const kept = await send(weir, 'claude-opus-4-5');
  await page.goto('/settings?tab=retention');
  await expect(page.getByRole('button', { name: 'Delete…' })).toBeDisabled();
  await page.getByLabel('Older than').fill('');
  await page.getByLabel('Model').fill('claude-haiku-4-5');
  await page.getByRole('button', { name: 'Count' }).click();
  await expect(page.getByText('2 exchanges for the model claude-haiku-4-5.')).toBeVisible();
  // Whatever is changed has to be counted again.
  await page.getByLabel('Session').fill('none');
  await expect(page.getByRole('button', { name: 'Delete…' })).toBeDisabled();
  await page.getByLabel('Session').fill('');
  await page.getByRole('button', { name: 'Delete 2…' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await shot('settings-purge');
  await page.getByRole('dialog').getByRole('button', { name: 'Keep them' }).click();
  expect((await found(weir, 'limit=9')).length).toBe(3);
  await page.getByRole('button', { name: 'Delete 2…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete them' }).click();
  await expect(page.getByText('2 exchanges deleted.')).toBeVisible();
  const left = await found(weir, 'limit=9');
  expect(left.map((one) => one.requestId)).toEqual([kept.requestId]);
  expect((await fetch(`${weir}/api/requests/${gone.requestId}`)).status).toBe(404);
});

test('capture is switched off and on, and stays so', async ({ page, weir, shot }) => {
  await send(weir);
  await page.goto('/settings?tab=capture');
  const required = page.getByRole('switch', { name: 'Capture is required' });
  await required.check();
  await expect(page.getByText('Stored and in force.')).toBeVisible();
  await page.reload();
  await expect(required).toBeChecked();
  expect(await setting(weir, 'capture.required')).toEqual(['true', 'stored']);
  await shot('settings-capture');
});

test('prices are found, added, edited and removed, and count at once', async ({
  page,
  weir,
  shot,
}) => {
  const one = await send(weir, 'my-model');
  expect(one.cost).toBeNull();
  await page.goto('/settings?tab=prices');
  await expect(page.getByText('1 request', { exact: true })).toBeVisible();
  await shot('settings-prices');
  await page.getByRole('button', { name: 'Give my-model a price' }).click();
  await page.getByLabel('Input', { exact: true }).fill('1000');
  await page.getByLabel('Output', { exact: true }).fill('2000');
  await shot('settings-price');
  await page.getByRole('button', { name: 'Save price' }).click();
  await expect(page.getByText('The price of my-model is stored.')).toBeVisible();
  const { input_tokens, output_tokens } = one.usage ?? { input_tokens: 0, output_tokens: 0 };
  const cost = async () => (await exchange(weir, one.requestId)).cost;
  expect(await cost()).toBeCloseTo((input_tokens * 1000 + output_tokens * 2000) / 1e6, 9);
  await page.reload();
  await page.getByLabel('Find a model').fill('my-');
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('button', { name: 'Edit the price of my-model' }).click();
  await page.getByLabel('Output', { exact: true }).fill('0');
  await page.getByRole('button', { name: 'Save price' }).click();
  await expect(page.getByText('The price of my-model is stored.')).toBeVisible();
  expect(await cost()).toBeCloseTo((input_tokens * 1000) / 1e6, 9);
  await page.getByRole('button', { name: 'Remove the price of my-model' }).click();
  await expect(page.getByText('The price of my-model is removed.')).toBeVisible();
  expect(await cost()).toBeNull();
});

test('a price that is none is refused', async ({ page }) => {
  await page.goto('/settings?tab=prices');
  await page.getByLabel('Find a model').fill('claude-opus-4-5');
  await page.getByRole('button', { name: 'Edit the price of claude-opus-4-5' }).first().click();
  await page.getByLabel('Output', { exact: true }).fill('cheap');
  await page.getByRole('button', { name: 'Save price' }).click();
  await expect(page.getByText('Prices are US dollars')).toBeVisible();
});

test.describe('with a credential in the environment', () => {
  test.use({
    extra: 'routing:\n  strategy: shuffle\n',
    variables: { AUTH_TOKEN: 'a-credential-of-ours' },
  });

  test('the configuration in force is searched, filtered by source and edited', async ({
    page,
    weir,
    shot,
  }) => {
    await page.goto('/settings?tab=configuration');
    const shown = page.getByText(/^\d+ of \d+ settings$/);
    await expect(shown).toBeVisible();
    const all = /of (\d+)/.exec((await shown.textContent()) ?? '')?.[1] ?? '';
    expect(Number(all)).toBeGreaterThan(50);
    await expect(page.getByText('AUTH_TOKEN').first()).toBeVisible();
    expect(await page.content()).not.toContain('a-credential-of-ours');
    await shot('settings-configuration');
    await page.getByLabel('Source').selectOption('environment');
    await expect(page.getByText(`1 of ${all} settings`)).toBeVisible();
    await page.getByLabel('Source').selectOption('');
    await page.getByLabel('Find a setting').fill('logging.level');
    await page.getByRole('button', { name: 'Edit logging.level' }).click();
    await page.getByLabel('logging.level').fill('debug');
    await page.getByLabel('logging.level').press('Enter');
    await expect(page.getByText('Stored and in force.')).toBeVisible();
    expect(await setting(weir, 'logging.level')).toEqual(['debug', 'stored']);
    await page.reload();
    await page.getByLabel('Source').selectOption('stored');
    await expect(page.getByText(`1 of ${all} settings`)).toBeVisible();
  });
});

test('the file is read again, and its faults are listed', async ({ page, own, weir, expected }) => {
  expected.push(/422/);
  await page.goto('/settings');
  await own.configure('routing:\n  strategy: shuffle\nserver_:\n  port: 1\n');
  await page.getByRole('button', { name: 'Reload the file' }).click();
  await expect(page.getByText(/server_.*unknown/)).toBeVisible();
  expect(await setting(weir, 'routing.strategy')).toEqual(['failover', 'default']);
  await own.configure('routing:\n  strategy: shuffle\ncapture:\n  queue_bytes: 24MiB\n');
  await page.getByRole('button', { name: 'Reload the file' }).click();
  await expect(page.getByText(/Changed: .*routing.strategy/)).toBeVisible();
  await expect(page.getByText(/capture.queue_bytes takes effect with a restart/)).toBeVisible();
  expect(await setting(weir, 'routing.strategy')).toEqual(['shuffle', 'file']);
});

test('tabs are in the address and go by the arrow keys', async ({ page }) => {
  await page.goto('/settings');
  await page.getByRole('tab', { name: 'Header rules' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page).toHaveURL(/tab=retention/);
  await expect(page.getByRole('tab', { name: 'Retention' })).toBeFocused();
  await page.goBack();
  await expect(page.getByTestId('add-request')).toBeVisible();
});
