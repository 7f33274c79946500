/** Every page in the dark, with what was seeded: axe looks at each as its test ends. */
import { found } from './ask';
import { expect, test, type Page } from './test';

const PAGES = ['/', '/sessions', '/transcripts', '/compare', '/usage', '/providers', '/routing']
  .concat(['/nodes', '/events'])
  .concat(['headers', 'retention', 'capture', 'prices', 'configuration'].map(tab))
  .concat(['/setup', '/api-docs', '/login', '/login?as=manager']);

function tab(name: string): string {
  return `/settings?tab=${name}`;
}

async function isThere(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('status', { name: /Loading/ })).toHaveCount(0);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
}

for (const path of PAGES) {
  test(`${path} is legible in the dark`, async ({ page, shot }) => {
    await page.goto(path);
    await isThere(page);
    await shot(`page${path.replaceAll(/\W+/g, '-')}`);
  });
}

for (const under of ['requests', 'replay']) {
  test(`/${under}/:id is legible in the dark`, async ({ page, weir, shot }) => {
    const [one] = await found(weir, 'limit=1&model=opus&status=2xx');
    await page.goto(`/${under}/${one?.requestId ?? ''}`);
    await isThere(page);
    await shot(`page-${under}-one`);
  });
}

test('/sessions/:id is legible in the dark', async ({ page, session, shot }) => {
  await page.goto(`/sessions/${session}`);
  await isThere(page);
  await shot('page-sessions-one');
});
