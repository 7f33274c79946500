// Source code as coloured words. The highlighter and its languages are loaded when the first code is shown; until then,
// and for languages that it does not know, code is plain. Its output is read back into words, so that no HTML is inserted.

import type { HLJSApi, LanguageFn } from 'highlight.js';

export interface Token {
  /** The highlighter's class, or nothing. */
  readonly kind: string;
  readonly text: string;
}

type Loader = () => Promise<{ default: LanguageFn }>;

const LOADERS: Readonly<Record<string, Loader>> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  css: () => import('highlight.js/lib/languages/css'),
  diff: () => import('highlight.js/lib/languages/diff'),
  go: () => import('highlight.js/lib/languages/go'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  python: () => import('highlight.js/lib/languages/python'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  sql: () => import('highlight.js/lib/languages/sql'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

/** Longer code is shown plain: colouring it would hold the page up. */
export const LONGEST = 200_000;

let core: Promise<HLJSApi> | undefined;
const ready = new Map<string, Promise<void>>();

/** The lines of the code in colours; none when it has to stay plain. */
export async function highlight(
  code: string,
  language: string | undefined,
): Promise<Token[][] | undefined> {
  if (language === undefined || code.length > LONGEST || !Object.hasOwn(LOADERS, language))
    return undefined;
  const load = LOADERS[language];
  if (load === undefined) return undefined;
  core ??= import('highlight.js/lib/core').then((it) => it.default);
  const api = await core;
  let known = ready.get(language);
  if (known === undefined) {
    known = load().then((it) => {
      api.registerLanguage(language, it.default);
    });
    ready.set(language, known);
  }
  await known;
  return byLine(tokens(api.highlight(code, { language, ignoreIllegals: true }).value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#x27': "'",
};

/** Reads the highlighter's spans: `<span class="...">`, `</span>` and five entities are all that it writes. */
export function tokens(html: string): Token[] {
  const made: Token[] = [];
  const open: string[] = [];
  for (const part of html.matchAll(/<span class="([^"]*)">|<\/span>|([^<]+)/g)) {
    if (part[1] !== undefined) open.push(part[1]);
    else if (part[2] === undefined) open.pop();
    else
      made.push({
        kind: open.at(-1) ?? '',
        text: part[2].replace(
          /&(amp|lt|gt|quot|#x27);/g,
          (_, name: string) => ENTITIES[name] ?? '',
        ),
      });
  }
  return made;
}

export function byLine(all: readonly Token[]): Token[][] {
  const lines: Token[][] = [[]];
  for (const token of all) {
    token.text.split('\n').forEach((text, at) => {
      if (at > 0) lines.push([]);
      if (text !== '') lines.at(-1)?.push({ kind: token.kind, text });
    });
  }
  return lines;
}

export function plainLines(code: string): Token[][] {
  return code
    .split('\n')
    .map((text) => (text === '' ? [] : [{ kind: '', text: text.replace(/\r$/, '') }]));
}
