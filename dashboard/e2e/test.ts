/**
 * The `test` of every file here. Each page it opens is watched: an error in the console, a request
 * to another origin, a violation of the content security policy, or script of a captured exchange
 * that ran fails the test; at its end axe looks at the page, once per page and theme.
 */
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import type { Sample } from './sample';
import type { World } from './world';

interface Fixtures {
  /** Errors that this test expects in the console, such as those of refused requests. */
  expected: RegExp[];
  /** Writes `e2e/shots/NAME-PROJECT.png` if E2E_SHOTS is set. */
  shot: (name: string) => Promise<void>;
  /** Where the API and the data plane of what the pages show are. */
  weir: string;
  mock: string;
  /** A session that has subagents. */
  session: string;
  /** What is known to the letter. */
  sample: Sample;
  watched: undefined;
}

type Told = Omit<World, 'stop' | 'configure'>;

/** What the setup started. */
export function world(): Told {
  return JSON.parse(env('E2E_WORLD')) as Told;
}

function env(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this through Playwright's setup`);
  return value;
}

export const test = base.extend<Fixtures>({
  baseURL: async ({}, use) => use(world().pages),
  weir: async ({}, use) => use(world().weir),
  mock: async ({}, use) => use(world().mock),
  session: async ({}, use) => use(world().lively),
  sample: async ({}, use) => use(world().sample),
  expected: async ({}, use) => use([]),
  shot: async ({ page }, use, info) => {
    await use(async (name) => {
      if (!process.env['E2E_SHOTS']) return;
      const path = `e2e/shots/${name}-${info.project.name}.png`;
      await page.screenshot({ path, animations: 'disabled' });
    });
  },
  watched: [
    async ({ page, baseURL, expected }, use, info) => {
      const faults: string[] = [];
      watch(page, new URL(baseURL ?? '').origin, faults);
      await watchPolicy(page, faults);
      await use(undefined);
      if (!page.isClosed() && page.url().startsWith('http')) {
        await page.waitForLoadState();
        expect(await page.evaluate(() => 'hostile' in window), 'captured script ran').toBe(false);
        expect(await page.evaluate(tooWide), 'pixels wider than the window').toBe(0);
        const seen = `${info.project.name} ${pageOf(page.url())}`;
        if (!looked.has(seen)) await axe(page);
        looked.add(seen);
      }
      const unexpected = faults.filter((fault) => !expected.some((one) => one.test(fault)));
      expect(unexpected, 'faults of the page').toEqual([]);
    },
    { auto: true },
  ],
});

/** A phone shows a page that is wider than its window at another scale. */
function tooWide(): number {
  const { scrollWidth } = document.documentElement;
  return Math.max(0, Math.max(scrollWidth, window.innerWidth) - window.screen.width);
}

/** What axe has looked at in this worker: to look again at each test's end takes most of its time. */
const looked = new Set<string>();

/** The page that an address is of, without what it shows: its path's first part, its tab. */
function pageOf(address: string): string {
  const url = new URL(address);
  const [, first = '', second] = url.pathname.split('/');
  return `${first}${second === undefined ? '' : '/:id'} ${url.searchParams.get('tab') ?? ''}`;
}

/** The browser says on the console what the policy stopped, though not for each kind of it. */
async function watchPolicy(page: Page, faults: string[]): Promise<void> {
  await page.exposeFunction('policyStopped', (what: string) => {
    faults.push(`content security policy: ${what}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { policyStopped } = window as unknown as { policyStopped: (what: string) => void };
      policyStopped(`${event.effectiveDirective} ${event.blockedURI} at ${event.sourceFile}`);
    });
  });
}

function watch(page: Page, origin: string, faults: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error')
      faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    const ours = url.origin === origin || url.protocol === 'data:' || url.protocol === 'blob:';
    if (!ours) faults.push(`request off the origin: ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
}

/** What axe finds serious or critical fails. */
export async function axe(page: Page): Promise<void> {
  // Colours on their way to others are none of the page's; what pulses for ever is not waited for.
  await page.evaluate(async () => {
    const passing = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(passing.map((one) => one.finished));
  });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map(
      (one) =>
        `${one.id}: ${one.help}\n  ${one.nodes
          .map((node) => `${node.html} ${node.failureSummary ?? ''}`)
          .slice(0, 3)
          .join('\n  ')}`,
    );
  expect(grave, 'axe').toEqual([]);
}

export { expect };
export type { Page };
