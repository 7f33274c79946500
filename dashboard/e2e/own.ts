/** The `test` of files that change what weir does: each test has a weir of its own. */
import { start, type Stack } from './stack';
import { expect, test as base, world, type Page } from './test';

interface Own {
  /** Added to its configuration. */
  extra: string;
  /** Added to its environment. */
  variables: Record<string, string>;
  own: Stack;
}

export const test = base.extend<Own>({
  extra: ['', { option: true }],
  variables: [{}, { option: true }],
  own: async ({ extra, variables }, use) => {
    const stack = await start({ extra, variables, mock: world().mock });
    await use(stack);
    await stack.stop();
  },
  baseURL: async ({ own }, use) => use(own.pages),
  weir: async ({ own }, use) => use(own.weir),
});

/** Requests that are on their way until they are let go. */
export interface Held {
  /** Ends when the first has been sent. */
  sent: Promise<void>;
  letGo: () => void;
}

/** Holds what the page sends to such addresses. */
export async function hold(page: Page, method: string, url: RegExp): Promise<Held> {
  let letGo = (): void => undefined;
  let send = (): void => undefined;
  const free = new Promise<void>((done) => (letGo = done));
  const sent = new Promise<void>((done) => (send = done));
  await page.route(url, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    send();
    await free;
    await route.continue();
  });
  return { sent, letGo };
}

/** Goes to a page as a link in this one would. */
export async function follow(page: Page, path: string): Promise<void> {
  await page.evaluate((href) => {
    const link = document.body.appendChild(document.createElement('a'));
    link.href = href;
    link.click();
    link.remove();
  }, path);
}

export { expect };
export type { Page };
