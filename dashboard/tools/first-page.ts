import type { Plugin } from 'vite';

type Chunk = {
  type: 'chunk';
  fileName: string;
  facadeModuleId: string | null;
  imports: string[];
  isEntry: boolean;
};

/**
 * Lets the browser fetch the chunks of the page that is opened first together with the program,
 * not after it has run.
 */
export function firstPage(page: string): Plugin {
  return {
    name: 'first-page',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((one) => one.type === 'chunk') as Chunk[];
        const wanted = new Set<string>();
        const want = (chunk: Chunk | undefined): void => {
          if (!chunk || chunk.isEntry || wanted.has(chunk.fileName)) return;
          wanted.add(chunk.fileName);
          for (const name of chunk.imports) want(chunks.find((one) => one.fileName === name));
        };
        const first = chunks.find((one) => one.facadeModuleId?.endsWith(page));
        if (!first) throw new Error(`no chunk is made of ${page}`);
        want(first);
        return [...wanted].map((name) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${name}` },
          injectTo: 'head' as const,
        }));
      },
    },
  };
}
