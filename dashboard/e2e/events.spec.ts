import { ask } from './manage';
import { expect, test, type Page } from './own';
import { axe } from './test';

const HOSTILE = '<img src=x onerror="window.hostile=1">';
const EXTRA = `events:
  sinks:
    log:
      kind: file
      path: events.jsonl
      flush_interval: 10ms
    full:
      kind: file
      path: /dev/full
      retries: 0
      flush_interval: 10ms
`;

function figure(page: Page, sink: string, name: string) {
  const card = page.getByRole('article', { name: sink });
  const one = card.locator('dl > div').filter({ has: page.getByText(name, { exact: true }) });
  return one.locator('dd');
}

for (const [what, extra] of [
  ['without a sink', ''],
  ['with events switched off', `${EXTRA}  enabled: false\n`],
] as const) {
  test.describe(what, () => {
    test.use({ extra });

    test(`${what} the page says how to name one`, async ({ page, shot }) => {
      await page.goto('/events');
      await expect(page.getByText('Nobody is told of exchanges')).toBeVisible();
      await expect(page.getByText('events.sinks', { exact: true })).toBeVisible();
      await expect(page.getByText('events.enabled', { exact: true })).toBeVisible();
      await shot('events-none');
    });
  });
}

test.describe('with a sink that takes events and one that does not', () => {
  test.use({ extra: EXTRA });

  test('what each has is told as it comes, and dead letters lead to exchanges', async ({
    page,
    weir,
    shot,
  }) => {
    await page.goto('/events');
    await expect(page.getByRole('article', { name: 'log' }).getByText('nothing yet')).toBeVisible();
    await expect(figure(page, 'log', 'Delivered')).toHaveText('0');
    for (let n = 0; n < 2; n += 1) expect(await ask(weir, 'sk-somebody')).toBe(200);
    await expect(figure(page, 'log', 'Delivered')).toHaveText('2');
    await expect(figure(page, 'full', 'Dead')).toHaveText('2');
    await expect(page.getByRole('article', { name: 'log' }).getByText('delivering')).toBeVisible();
    const full = page.getByRole('article', { name: 'full' });
    await expect(full.getByText('failing')).toBeVisible();
    await full.getByText('2 dead letters').click();
    const rows = page.getByRole('region', { name: 'Dead letters of full' }).getByRole('row');
    await expect(rows).toHaveCount(3);
    await expect(rows.nth(1)).toContainText('cannot be written');
    await shot('events');
    await axe(page);
    // What is open stays open while figures come.
    expect(await ask(weir, 'sk-somebody')).toBe(200);
    await expect(rows).toHaveCount(4);
    await rows.nth(1).getByRole('link').click();
    await expect(page).toHaveURL(/\/requests\//);
  });
});

test('a stream and its reach are told of, and what sinks say is text', async ({ page, shot }) => {
  // A service that says such things is not at hand: the answer is made up.
  const sink = {
    name: 'helicone',
    kind: 'helicone',
    group: 'others',
    waiting: 1234,
    pending: 100,
    oldest_waiting: new Date(Date.now() - 95_000).toISOString(),
    delivered: 5,
    skipped: 0,
    refused: 1,
    retried: 7,
    dropped: 0,
    dead: 1,
    dead_kept: 40,
    last_failure: new Date().toISOString(),
    last_error: HOSTILE,
    dead_letters: [{ id: '1-0', at: new Date().toISOString(), reason: HOSTILE, tries: 10 }],
  };
  const stream = {
    key: 'llm-proxy-events',
    connected: false,
    waiting: 3,
    published: 9,
    dropped: 0,
  };
  const json = {
    enabled: true,
    bus: 'redis',
    dispatch: false,
    made: 12,
    unmade: 0,
    bodies_dropped: 0,
    stream,
    sinks: [sink],
  };
  await page.route('**/api/events', (route) => route.fulfill({ json }));
  await page.goto('/events');
  await expect(page.getByText('Redis is not reached')).toBeVisible();
  await expect(page.getByText('This process only publishes')).toBeVisible();
  const card = page.getByRole('article', { name: 'helicone' });
  await expect(card.getByText('group others')).toBeVisible();
  // What it got is known to those that deliver.
  for (const text of ['failing', 'nothing yet', 'Delivered', 'Dropped'])
    await expect(card.getByText(text, { exact: true })).toHaveCount(0);
  await expect(figure(page, 'helicone', 'Held')).toHaveText('100');
  await expect(card.getByText(/the oldest has waited 1 min/)).toBeVisible();
  await card.getByText('40 dead letters, the latest 1').click();
  await expect(card.getByText('weir dispatch dead list --sink helicone')).toBeVisible();
  await expect(card.getByText(HOSTILE)).toHaveCount(2);
  await shot('events-stream');
  await axe(page);
});
