import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const source = fileURLToPath(new URL('../src/theme-first.js', import.meta.url));

/**
 * Puts the few lines that choose the theme ahead of everything else in the page, as a file of
 * their own: a module would run after the first paint, and an inline script is not allowed.
 */
export function themeFirst(): Plugin {
  let building = false;
  let file = '';
  let text = '';
  return {
    name: 'theme-first',
    configResolved(config) {
      building = config.command === 'build';
    },
    async buildStart() {
      text = await readFile(source, 'utf8');
      const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
      file = `assets/theme-${digest}.js`;
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: file, source: text });
    },
    transformIndexHtml() {
      const src = building ? `/${file}` : '/src/theme-first.js';
      return [{ tag: 'script', attrs: { src }, injectTo: 'head-prepend' }];
    },
  };
}
