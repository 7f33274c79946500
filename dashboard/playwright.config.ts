import { defineConfig, devices } from '@playwright/test';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const desktop = { ...devices['Desktop Chrome'], viewport: { width: 1440, height: 900 } };

/** Run by themselves. */
const aside = ['load.spec.ts'];

export default defineConfig({
  testDir: 'e2e',
  testIgnore: aside,
  globalSetup: './e2e/setup.ts',
  timeout: 60_000,
  expect: { timeout: 7000 },
  forbidOnly: true,
  fullyParallel: true,
  workers: Number(process.env['E2E_WORKERS'] ?? 2),
  reporter: [['list']],
  use: {
    launchOptions: { executablePath, args: ['--no-sandbox'] },
    trace: 'off',
    permissions: ['clipboard-read', 'clipboard-write'],
  },
  projects: [
    {
      name: 'light',
      testIgnore: [...aside, 'dark.spec.ts'],
      use: { ...desktop, colorScheme: 'light' },
    },
    // What pages do is the same in the dark: what they look like is not.
    {
      name: 'dark',
      testMatch: ['dark.spec.ts', 'exchange.spec.ts', 'shell.spec.ts'],
      use: { ...desktop, colorScheme: 'dark' },
    },
    {
      name: 'phone',
      testIgnore: [...aside, 'dark.spec.ts'],
      use: {
        ...desktop,
        colorScheme: 'light',
        viewport: { width: 390, height: 844 },
        hasTouch: true,
        isMobile: true,
      },
    },
  ],
});
