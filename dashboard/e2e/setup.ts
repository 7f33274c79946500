/** Before all tests: everything is started and seeded; after them it is stopped. */
import { begin } from './world';

export default async function setup(): Promise<() => Promise<void>> {
  const began = Date.now();
  const { stop, ...world } = await begin();
  console.log(`${world.sent} exchanges in ${Date.now() - began} ms; ${world.pages}`);
  process.env['E2E_WORLD'] = JSON.stringify(world);
  return stop;
}
