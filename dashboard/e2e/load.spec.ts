import { fire } from './shot';
import { expect, test } from './test';

const SECONDS = Number(process.env['E2E_SECONDS'] ?? 60);
const EACH_SECOND = 60;

test('sixty exchanges a second for a minute lose no row', async ({ page, weir }) => {
  test.setTimeout(SECONDS * 1000 + 120_000);
  await page.goto('/?model=load-model');
  await expect(page.getByText('following', { exact: true })).toBeVisible();
  // Work of the page's own thread that lasted longer than a frame or three.
  await page.evaluate(() => {
    const kept = window as unknown as { longest: number };
    kept.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) kept.longest = Math.max(kept.longest, entry.duration);
    }).observe({ type: 'longtask' });
  });
  const total = SECONDS * EACH_SECOND;
  const began = Date.now();
  const sent: Promise<unknown>[] = [];
  const body = { model: 'load-model', messages: [{ role: 'user', content: 'x' }] };
  for (let n = 0; n < total; n += 1) {
    const due = began + (n * 1000) / EACH_SECOND;
    const wait = due - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    sent.push(fire(weir, { path: '/v1/chat/completions', headers: {}, body }));
  }
  await Promise.all(sent);
  const took = Date.now() - began;
  await expect(page.getByText(`${total.toLocaleString('en-US')} shown`)).toBeVisible({
    timeout: 20_000,
  });
  const longest = await page.evaluate(() => (window as unknown as { longest: number }).longest);
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  console.log(
    `${total} exchanges in ${took} ms; longest task ${Math.round(longest)} ms; ${nodes} elements`,
  );
  expect(nodes).toBeLessThan(5000);
});
