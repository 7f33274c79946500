/** The seeded stack alone, to look at by hand: `npm run e2e:serve`. */
import { writeFile } from 'node:fs/promises';
import { begin } from './world';

const { stop, ...world } = await begin();
console.log(`${world.pages}  (${world.sent} exchanges)`);
const file = process.env['E2E_URLS'];
if (file) await writeFile(file, JSON.stringify(world));
const end = () => void stop().then(() => process.exit(0));
process.on('SIGINT', end);
process.on('SIGTERM', end);
