/** The seeded stack alone, to look at by hand: `npm run e2e:serve`. */
import { writeFile } from 'node:fs/promises';
import { start } from './stack';
import { seed } from './seed';

const stack = await start();
const seeded = await seed(stack.weir);
console.log(`${stack.pages}  (weir at ${stack.weir}, ${seeded.sent} exchanges)`);
const file = process.env['E2E_URLS'];
if (file) await writeFile(file, JSON.stringify({ ...stack, ...seeded }));
const stop = () => void stack.stop().then(() => process.exit(0));
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
