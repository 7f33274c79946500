// Node of this version cannot read TypeScript; Vite can.
import { runnerImport } from 'vite';

await runnerImport('./e2e/serve.ts');
