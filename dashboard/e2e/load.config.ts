import base from '../playwright.config';

/** The live page under load: `npm run e2e:load`. */
export default {
  ...base,
  testDir: '.',
  testIgnore: [],
  testMatch: 'load.spec.ts',
  globalSetup: './setup.ts',
  timeout: 180_000,
  workers: 1,
  projects: (base.projects ?? []).slice(0, 1).map((one) => ({ ...one, testIgnore: [] })),
};
