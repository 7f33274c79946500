import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import config from './svelte.config.js';

export default ts.config(
  { ignores: ['dist', 'test-results', 'playwright-report', 'src/lib/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig: config } },
  },
  {
    rules: {
      'no-console': 'error',
      'no-undef': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'svelte/no-at-html-tags': 'error',
      // Maps and URLs here compute something; what is shown is in runes.
      'svelte/prefer-svelte-reactivity': 'off',
      // Paths are our own router's.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  // Playwright reads the names out of the braces.
  { files: ['e2e/**'], rules: { 'no-empty-pattern': 'off' } },
  { files: ['e2e/**', 'tools/**', '*.config.*'], rules: { 'no-console': 'off' } },
);
