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

export { expect };
export type { Page };
