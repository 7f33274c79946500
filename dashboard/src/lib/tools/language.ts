// Which language a file is written in, by its name or its first line.

const BY_EXTENSION: Readonly<Record<string, string>> = {
  bash: 'bash',
  c: 'c',
  cc: 'cpp',
  cpp: 'cpp',
  cs: 'csharp',
  css: 'css',
  diff: 'diff',
  go: 'go',
  h: 'c',
  hpp: 'cpp',
  htm: 'xml',
  html: 'xml',
  java: 'java',
  js: 'javascript',
  json: 'json',
  jsonc: 'json',
  jsonl: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  md: 'markdown',
  mjs: 'javascript',
  patch: 'diff',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  scss: 'css',
  sh: 'bash',
  sql: 'sql',
  svelte: 'xml',
  svg: 'xml',
  swift: 'swift',
  toml: 'ini',
  ini: 'ini',
  ts: 'typescript',
  tsx: 'typescript',
  vue: 'xml',
  xml: 'xml',
  yaml: 'yaml',
  yml: 'yaml',
  zsh: 'bash',
};

const BY_NAME: Readonly<Record<string, string>> = {
  dockerfile: 'bash',
  makefile: 'bash',
  gemfile: 'ruby',
};

/** The highlighter's name of the language, or nothing. */
export function languageOf(path: string): string | undefined {
  const name = (path.split(/[\\/]/).at(-1) ?? '').toLowerCase();
  const dot = name.lastIndexOf('.');
  const ending = dot < 0 ? '' : name.slice(dot + 1);
  if (Object.hasOwn(BY_EXTENSION, ending)) return BY_EXTENSION[ending];
  return Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
}

/** The same for a fence's word: `ts`, `python`, `shell`. */
export function languageNamed(word: string): string | undefined {
  const lower = word.trim().toLowerCase();
  if (lower === 'shell' || lower === 'console') return 'bash';
  if (Object.hasOwn(BY_EXTENSION, lower)) return BY_EXTENSION[lower];
  return Object.values(BY_EXTENSION).includes(lower) ? lower : undefined;
}
