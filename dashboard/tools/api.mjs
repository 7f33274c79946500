// Writes src/lib/api/schema.d.ts from the description of the API, or tells that it is stale
// (`--check`).
import { readFile, writeFile } from 'node:fs/promises';
import openapi, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const source = new URL('../../schema/openapi.json', import.meta.url);
const target = new URL('../src/lib/api/schema.d.ts', import.meta.url);

/** A schema that allows everything allows all that JSON can say, which is less than `unknown`. */
const json = ts.factory.createTypeReferenceNode('Json');
const saysNothing = (schema) =>
  Object.keys(schema).every((key) => key === 'description' || key === 'title');

const nodes = await openapi(source, {
  inject: "import type { Json } from './json';",
  transform: (schema) => (saysNothing(schema) ? json : undefined),
});
const made = `/** Generated from schema/openapi.json by \`npm run api\`. */\n${astToString(nodes)}`;
if (process.argv.includes('--check')) {
  const kept = await readFile(target, 'utf8').catch(() => '');
  if (kept !== made) {
    console.error('dashboard/src/lib/api/schema.d.ts is stale; run: make generated');
    process.exit(1);
  }
} else {
  await writeFile(target, made);
}
