/** Before all tests: everything is started and seeded; after them it is stopped. */
import { start } from './stack';
import { seed } from './seed';

export default async function setup(): Promise<() => Promise<void>> {
  const stack = await start();
  const began = Date.now();
  const seeded = await seed(stack.weir);
  console.log(`seeded ${seeded.sent} exchanges in ${Date.now() - began} ms; ${stack.pages}`);
  process.env['E2E_PAGES'] = stack.pages;
  process.env['E2E_WEIR'] = stack.weir;
  process.env['E2E_MOCK'] = stack.mock;
  process.env['E2E_SESSION'] = seeded.session;
  return stack.stop;
}
