import { answer, json, PRICES, RULES, SETTINGS } from './answers';
import { expect, test, type Page } from './test';

interface Rules {
  requestHeaderRules: { header: string; enabled: boolean }[];
  responseHeaderRules: unknown[];
}

async function rules(page: Page): Promise<() => Rules | undefined> {
  let kept: Rules | undefined;
  await answer(page, '/api/settings', async (route) => {
    if (route.request().method() === 'PUT') kept = route.request().postDataJSON() as Rules;
    await json(route, kept ? { ...kept, warnings: ['x-team: a warning of the gateway'] } : RULES);
  });
  return () => kept;
}

async function settings(page: Page): Promise<Record<string, unknown>[]> {
  const patched: Record<string, unknown>[] = [];
  await answer(page, '/api/config/effective', SETTINGS);
  await answer(page, '/api/config/stored', async (route) => {
    const edit = route.request().postDataJSON() as Record<string, unknown>;
    const [path = '', value] = Object.entries(edit)[0] ?? [];
    if (value === 'soon') {
      const faults = [`${path}: is not a span of time; write such as \`30s\` or \`12h\``];
      return json(route, { error: 'nothing has changed', faults }, 422);
    }
    patched.push(edit);
    return json(route, { changed: [path], needsRestart: [], warnings: [] });
  });
  return patched;
}

test('header rules are added, edited, moved by keyboard, switched off and saved', async ({
  page,
  shot,
}) => {
  const kept = await rules(page);
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
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect(page.getByText('Saved: the next request goes by these rules.')).toBeVisible();
  expect(kept()?.requestHeaderRules.map((rule) => [rule.header, rule.enabled])).toEqual([
    ['x-team', false],
    ['x-new', true],
    ['user-agent', true],
    ['x-stainless-os', false],
  ]);
  await expect(page.getByText('a warning of the gateway')).toBeVisible();
});

test('header rules are moved by dragging', async ({ page, isMobile }) => {
  test.skip(isMobile, 'phones move them by the arrows of a keyboard alone');
  const kept = await rules(page);
  await page.goto('/settings');
  await page
    .getByRole('button', { name: 'Rule 1 of 3' })
    .dragTo(page.getByRole('button', { name: 'Rule 3 of 3' }));
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect
    .poll(() => kept()?.requestHeaderRules.map((rule) => rule.header))
    .toEqual(['user-agent', 'x-stainless-os', 'x-team']);
});

test('a rule on a header of the connection is refused inline, a delicate one warned of', async ({
  page,
  shot,
}) => {
  await rules(page);
  await page.goto('/settings');
  const field = page.getByLabel('Header of rule 1').first();
  await field.fill('Content-Length');
  await expect(page.getByText('Content-Length belongs to the connection itself')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save rules' })).toBeDisabled();
  await shot('settings-guard');
  await field.fill('anthropic-beta');
  await expect(page.getByText('Clients depend on anthropic-beta')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save rules' })).toBeEnabled();
});

test('what the gateway refuses is shown at its rule', async ({ page, expected }) => {
  expected.push(/400/);
  await answer(page, '/api/settings', (route) =>
    route.request().method() === 'GET'
      ? json(route, RULES)
      : json(
          route,
          {
            error: '`requestHeaderRules`: rule 1: `header`: `x-odd` is refused here',
            field: 'requestHeaderRules',
          },
          400,
        ),
  );
  await page.goto('/settings');
  await page.getByLabel('Header of rule 1').first().fill('x-odd');
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect(page.getByText(/`x-odd` is refused here/)).toBeVisible();
  await expect(page.getByLabel('Header of rule 1').first()).toHaveAttribute('aria-invalid', 'true');
});

test('the preview shows what rules make of headers', async ({ page }) => {
  await rules(page);
  await page.goto('/settings');
  const preview = page.getByTestId('preview');
  await expect(preview.locator('.added')).toHaveText(/x-team: compilers/);
  await expect(preview.locator('.changed')).toHaveText(/User-Agent: claude-cli.* agent/);
  await page.getByRole('button', { name: 'Response' }).click();
  await page.getByLabel('Headers to try').fill('server: nginx\ndate: today');
  await expect(preview.locator('.removed')).toHaveText(/server: nginx/);
});

test('retention is edited in place, refused with its fault, and taken back', async ({
  page,
  shot,
  expected,
}) => {
  expected.push(/422/);
  const patched = await settings(page);
  await page.goto('/settings?tab=retention');
  const age = page.getByLabel('Oldest exchange kept');
  await expect(age).toHaveValue('30d');
  await age.fill('soon');
  await age.press('Enter');
  await expect(page.getByText('is not a span of time; write such as `30s` or `12h`')).toBeVisible();
  await shot('settings-retention');
  await age.fill('7d');
  await age.press('Enter');
  await expect(page.getByText('Stored and in force.')).toBeVisible();
  await page.getByRole('button', { name: 'Remove edit' }).click();
  await expect
    .poll(() => patched)
    .toEqual([{ 'capture.retention.max_age': '7d' }, { 'capture.retention.max_age': null }]);
  await expect(page.getByLabel('Largest database')).toBeDisabled();
  await expect(page.getByText('Set by MAX_BYTES, which wins over edits made here.')).toBeVisible();
});

test('a purge counts first, then asks, then deletes', async ({ page, shot }) => {
  await settings(page);
  const asked: string[] = [];
  await answer(page, '/api/requests', async (route) => {
    asked.push(`${route.request().method()} ${new URL(route.request().url()).search}`);
    await json(route, { message: 'done', deleted: 42 });
  });
  await page.goto('/settings?tab=retention');
  await expect(page.getByRole('button', { name: 'Delete…' })).toBeDisabled();
  await page.getByLabel('Model').fill('claude-haiku-4-5');
  await page.getByRole('button', { name: 'Count' }).click();
  await expect(
    page.getByText('42 exchanges older than 30d for the model claude-haiku-4-5.'),
  ).toBeVisible();
  await page.getByRole('button', { name: 'Delete 42…' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await shot('settings-purge');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete them' }).click();
  await expect(page.getByText('42 exchanges deleted.')).toBeVisible();
  expect(asked).toEqual([
    'DELETE ?older_than=30d&model=claude-haiku-4-5&dry_run=true',
    'DELETE ?older_than=30d&model=claude-haiku-4-5&dry_run=false',
  ]);
});

test('changing what is to be purged needs another count', async ({ page }) => {
  await settings(page);
  await answer(page, '/api/requests', { message: 'done', deleted: 42 });
  await page.goto('/settings?tab=retention');
  await page.getByRole('button', { name: 'Count' }).click();
  await expect(page.getByRole('button', { name: 'Delete 42…' })).toBeEnabled();
  await page.getByLabel('Older than').fill('1d');
  await expect(page.getByRole('button', { name: 'Delete…' })).toBeDisabled();
});

test('capture is switched', async ({ page, shot }) => {
  const patched = await settings(page);
  await page.goto('/settings?tab=capture');
  await page.getByRole('switch', { name: 'Capture is required' }).check();
  await expect(page.getByText('Stored and in force.')).toBeVisible();
  expect(patched).toEqual([{ 'capture.required': 'true' }]);
  await shot('settings-capture');
});

test('prices are found, added, edited and removed', async ({ page, shot }) => {
  const patched = await settings(page);
  await answer(page, '/api/prices', PRICES);
  await page.goto('/settings?tab=prices');
  await expect(page.getByText('1,204 requests')).toBeVisible();
  await shot('settings-prices');
  await page.getByRole('button', { name: 'Give qwen3:8b a price' }).click();
  await page.getByLabel('Input', { exact: true }).fill('0.1');
  await page.getByLabel('In force from').fill('2026-12-01');
  await shot('settings-price');
  await page.getByRole('button', { name: 'Save price' }).click();
  await expect(page.getByText('The price of qwen3:8b is stored.')).toBeVisible();
  await page.getByLabel('Find a model').fill('my-');
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove the price of my-model' }).click();
  await expect
    .poll(() => patched)
    .toEqual([
      { 'pricing.models': 'my-model=input=3 output=15, qwen3:8b=input=0.1 from=2026-12-01' },
      { 'pricing.models': null },
    ]);
});

test('a price that is none is refused', async ({ page }) => {
  await settings(page);
  await answer(page, '/api/prices', PRICES);
  await page.goto('/settings?tab=prices');
  await page.getByRole('button', { name: 'Edit the price of gpt-5.5' }).click();
  await page.getByLabel('Output', { exact: true }).fill('cheap');
  await page.getByRole('button', { name: 'Save price' }).click();
  await expect(page.getByText('Prices are US dollars')).toBeVisible();
});

test('the configuration in force is searched, filtered by source and edited', async ({
  page,
  shot,
}) => {
  const patched = await settings(page);
  await page.goto('/settings?tab=configuration');
  await expect(page.getByText('14 of 14 settings')).toBeVisible();
  await expect(page.getByText('AUTH_TOKEN')).toBeVisible();
  await shot('settings-configuration');
  await page.getByLabel('Source').selectOption('stored');
  await expect(page.getByText('2 of 14 settings')).toBeVisible();
  await page.getByLabel('Source').selectOption('');
  await page.getByLabel('Find a setting').fill('logging');
  await page.getByRole('button', { name: 'Edit logging.level' }).click();
  await page.getByLabel('logging.level').fill('debug');
  await page.getByLabel('logging.level').press('Enter');
  await expect(page.getByText('Stored and in force.')).toBeVisible();
  expect(patched).toEqual([{ 'logging.level': 'debug' }]);
});

test('the file is read again, and its faults are listed', async ({ page, expected }) => {
  expected.push(/422/);
  await rules(page);
  let good = true;
  await answer(page, '/api/config/reload', (route) =>
    good
      ? json(route, { changed: ['routing.strategy'], needs_restart: ['server.port'], warnings: [] })
      : json(
          route,
          {
            error: 'the configuration is not valid, nothing has changed',
            faults: ['weir.yaml:3: server.prot: unknown key'],
          },
          422,
        ),
  );
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Reload the file' }).click();
  await expect(page.getByText('Changed: routing.strategy')).toBeVisible();
  await expect(page.getByText('server.port takes effect with a restart.')).toBeVisible();
  good = false;
  await page.getByRole('button', { name: 'Reload the file' }).click();
  await expect(page.getByText('weir.yaml:3: server.prot: unknown key')).toBeVisible();
});

test('tabs are in the address and go by the arrow keys', async ({ page }) => {
  await rules(page);
  await settings(page);
  await page.goto('/settings');
  await page.getByRole('tab', { name: 'Header rules' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page).toHaveURL(/tab=retention/);
  await expect(page.getByRole('tab', { name: 'Retention' })).toBeFocused();
  await page.goBack();
  await expect(page.getByTestId('add-request')).toBeVisible();
});
