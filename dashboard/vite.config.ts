import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { compressed } from './tools/compressed.ts';
import { firstPage } from './tools/first-page.ts';
import { themeFirst } from './tools/theme-first.ts';

/** What weir sends with the pages too. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The weir that answers in development and in `vite preview`. */
const weir = process.env['WEIR_URL'] ?? 'http://127.0.0.1:3001';
// The page's own path must not be sent on: only `/api/...`, not `/api-docs`.
const answers = ['^/api/', '^/manage/', '/openapi.json', '/health', '/livez', '/metrics'];
const proxy = Object.fromEntries(answers.map((path) => [path, { target: weir }]));

export default defineConfig({
  plugins: [svelte(), themeFirst(), firstPage('/pages/Live.svelte'), compressed()],
  resolve: {
    alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) },
    ...(process.env['VITEST'] ? { conditions: ['browser'] } : {}),
  },
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    // Nothing inline: the content security policy takes files of our own origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: { proxy },
  preview: { proxy, headers: { 'content-security-policy': policy } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    // One starts Python, which takes its time on a machine that is busy.
    testTimeout: 30_000,
  },
});
