import { captured, found, saved } from './ask';
import { test as own } from './own';
import { another } from './seed';
import { fire } from './shot';
import { expect, test, type Page } from './test';

const rows = (page: Page) => page.getByRole('list', { name: /Exchanges/ }).getByRole('listitem');

test('the live page lists exchanges and loads older ones by scrolling', async ({ page, shot }) => {
  await page.goto('/');
  await expect(rows(page).first()).toBeVisible();
  await expect(page.getByText(/^1\d\d shown/)).toBeVisible();
  await shot('live');
  await page.getByRole('button', { name: 'Load older' }).click();
  await expect(page.getByText(/^2\d\d shown/)).toBeVisible();
});

test('an exchange shows up as it happens, without a reload', async ({ page, weir }) => {
  const model = `live-${crypto.randomUUID()}`;
  await page.goto(`/?model=${model}`);
  await expect(page.getByText('following', { exact: true })).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  const shot = another(2);
  await fire(weir, {
    ...shot,
    body: { model, messages: [{ role: 'user', content: 'Are you live?' }] },
  });
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).first()).toContainText('200');
  await rows(page).first().click();
  await expect(page).toHaveURL(/\/requests\/[0-9a-f-]{36}/);
  await expect(page.locator('#part article.message.user').first()).toBeVisible();
});

test('while paused what comes waits, and is shown when asked for', async ({ page, weir }) => {
  const model = `paused-${crypto.randomUUID()}`;
  await page.goto(`/?model=${model}`);
  await expect(page.getByText('following', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const shot = another(2);
  const sent = { ...shot, body: { model, messages: [{ role: 'user', content: 'Are you live?' }] } };
  await fire(weir, sent);
  await fire(weir, sent);
  const pill = page.getByRole('button', { name: /↑ \d+ new/ });
  await expect(pill).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  await pill.click();
  await expect(pill).toBeHidden();
  await expect(rows(page)).toHaveCount(2);
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
});

test('filters are in the address and narrow the list', async ({ page, weir }) => {
  const query = 'status=error&model=haiku';
  const [newest] = await found(weir, `limit=1&${query}`);
  await page.goto('/requests?status=error');
  await expect(rows(page).first()).toBeVisible();
  await expect(page.getByRole('button', { name: /Status.*error.*remove/ })).toBeVisible();
  await page.getByRole('combobox', { name: 'Model' }).selectOption('haiku');
  await expect(page).toHaveURL(/model=haiku/);
  await expect(rows(page).first().getByRole('link')).toHaveAttribute(
    'href',
    `/requests/${newest?.requestId ?? ''}`,
  );
  for (const row of await rows(page).all()) await expect(row).toContainText('haiku');
  await page.goBack();
  await expect(page).not.toHaveURL(/model=haiku/);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page).not.toHaveURL(/status/);
});

test('a search whose time was up before it found any goes on by itself', async ({ page, weir }) => {
  const [one] = await found(weir, 'limit=1&model=gemini');
  // How long a search takes is not for a test to say: its first answer is made up.
  const empty = { requests: [], total: null, offset: 0, limit: 100, complete: false };
  let first = true;
  await page.route(/\/api\/requests\/summary\?/, async (route) => {
    if (!first) return route.continue();
    first = false;
    const query = new URL(route.request().url()).searchParams;
    const answer = await fetch(
      `${weir}/api/requests/summary?limit=1&model=${query.get('model') ?? ''}`,
    );
    const { nextCursor } = (await answer.json()) as { nextCursor: string };
    await route.fulfill({ json: { ...empty, nextCursor } });
  });
  await page.goto('/?model=gemini');
  await expect(rows(page).first()).toBeVisible();
  await expect(rows(page).first().getByRole('link')).not.toHaveAttribute(
    'href',
    `/requests/${one?.requestId ?? ''}`,
  );
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

test('what is filtered is exported as CSV, JSON lines and HAR', async ({ page, weir }) => {
  const query = 'model=gpt-5.4-nano&status=200';
  const total = (await found(weir, query)).length;
  expect(total).toBeGreaterThan(20);
  await page.goto(`/requests?${query}`);
  await expect(rows(page).first()).toBeVisible();
  const exported = async (format: string): Promise<string> => {
    await page.locator('summary').filter({ hasText: 'Export' }).click();
    return saved(page, () => page.getByRole('link', { name: new RegExp(`^${format}`) }).click());
  };
  const [head = '', ...lines] = (await exported('CSV')).trim().split('\n');
  expect(head).toMatch(/model/i);
  expect(lines.length).toBe(total);
  for (const line of lines) expect(line).toContain('gpt-5.4-nano');
  const logs = (await exported('JSONL')).trim().split('\n');
  expect(logs.length).toBe(total);
  const ids = logs.map((line) => (JSON.parse(line) as { requestId: string }).requestId);
  expect(ids[0]).toBe((await found(weir, `limit=1&${query}`))[0]?.requestId);
  const { log } = JSON.parse(await exported('HAR')) as { log: { entries: unknown[] } };
  expect(log.entries.length).toBe(total);
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

own(
  'an exchange whose model was changed on the way is marked as routed',
  async ({ page, weir }) => {
    await fetch(`${weir}/api/providers/anthropic/disable`, { method: 'POST' });
    const body = { model: 'glm-alias', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] };
    expect(await fire(weir, { path: '/v1/messages', headers: {}, body })).toBe(200);
    await page.goto('/');
    await expect(rows(page).first()).toContainText('GLM-4.7');
    await expect(rows(page).first().getByText('routed')).toHaveAttribute('title', /glm-alias/);
  },
);

own('forgetting all leaves nothing', async ({ page, weir }) => {
  await fire(weir, another(1));
  await fire(weir, another(2));
  await captured(weir, 'model=o4-mini&limit=1');
  await page.goto('/');
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Forget all' }).click();
  const dialog = page.getByRole('dialog', { name: 'Forget every exchange?' });
  await expect(dialog).toContainText('All 2 exchanges');
  await dialog.getByRole('button', { name: /Forget|Delete/ }).click();
  await expect(rows(page)).toHaveCount(0);
  // And how an agent gets here is said instead.
  await expect(page.getByText('ANTHROPIC_BASE_URL').first()).toBeVisible();
  expect(await found(weir, 'limit=9')).toEqual([]);
});

own(
  'when weir goes the page says so, and keeps what it has',
  async ({ page, own: stack, weir, expected }) => {
    expected.push(/ERR_(CONNECTION|INCOMPLETE|EMPTY)|Failed to load/);
    await fire(weir, another(1));
    await page.goto('/');
    await expect(rows(page)).toHaveCount(1);
    await expect(page.getByText('following', { exact: true })).toBeVisible();
    await stack.stop();
    await expect(page.getByText(/connection lost/)).toBeVisible();
    await expect(rows(page)).toHaveCount(1);
  },
);

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
