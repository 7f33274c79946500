// Reads a request that somebody pasted: a JSON body, or a curl command line as browsers and this
// dashboard copy it. Nothing is run or sent.

import { jsonFault } from './jsonFault';

/** A request, as far as what was pasted tells. */
export interface PastedRequest {
  path: string;
  headers: Record<string, string>;
  body: unknown;
  /** The body as it stood there. */
  text: string;
}

export type Pasted = { ok: true; request: PastedRequest } | { ok: false; error: string };

/** Words of a shell line: quotes, $'...' with its escapes, backslashes, continued lines. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  let at = 0;
  const put = (text: string): void => {
    word += text;
    inWord = true;
  };
  while (at < line.length) {
    const c = line[at] ?? '';
    if (c === '\\') {
      const next = line[at + 1] ?? '';
      if (next === '\r') at += line[at + 2] === '\n' ? 3 : 2;
      else if (next === '\n') at += 2;
      else {
        put(next);
        at += 2;
      }
    } else if (c === "'") {
      const end = line.indexOf("'", at + 1);
      if (end < 0) throw new Error('a single quote is not closed');
      put(line.slice(at + 1, end));
      at = end + 1;
    } else if (c === '$' && line[at + 1] === "'") {
      const [text, end] = ansiQuoted(line, at + 2);
      put(text);
      at = end;
    } else if (c === '"') {
      const [text, end] = doubleQuoted(line, at + 1);
      put(text);
      at = end;
    } else if (/\s/.test(c)) {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
      at += 1;
    } else {
      put(c);
      at += 1;
    }
  }
  if (inWord) words.push(word);
  return words;
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0' };

function ansiQuoted(line: string, from: number): [string, number] {
  let text = '';
  for (let at = from; at < line.length; at += 1) {
    const c = line[at] ?? '';
    if (c === "'") return [text, at + 1];
    if (c !== '\\') {
      text += c;
      continue;
    }
    const next = line[at + 1] ?? '';
    const hex = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4}))/.exec(line.slice(at + 1, at + 6));
    if (hex) {
      text += String.fromCharCode(Number.parseInt(hex[1] ?? hex[2] ?? '0', 16));
      at += hex[0].length;
    } else {
      text += ESCAPES[next] ?? next;
      at += 1;
    }
  }
  throw new Error("a $' quote is not closed");
}

function doubleQuoted(line: string, from: number): [string, number] {
  let text = '';
  for (let at = from; at < line.length; at += 1) {
    const c = line[at] ?? '';
    if (c === '"') return [text, at + 1];
    if (c === '\\') {
      const next = line[at + 1] ?? '';
      if (next !== '\n') text += '"\\$`'.includes(next) ? next : `\\${next}`;
      at += 1;
    } else text += c;
  }
  throw new Error('a double quote is not closed');
}

const DATA = new Set(['-d', '--data', '--data-raw', '--data-binary', '--data-ascii', '--json']);
/** Options of curl that take a value we have no use for. */
const VALUED = new Set([
  '-X',
  '--request',
  '-o',
  '--output',
  '-m',
  '--max-time',
  '-u',
  '--user',
  '-w',
  '--write-out',
  '-x',
  '--proxy',
  '--connect-timeout',
  '-b',
  '--cookie',
  '-e',
  '--referer',
  '--cacert',
  '--resolve',
]);

/** Reads a pasted JSON body or curl line. */
export function readPasted(pasted: string, defaultPath = '/v1/messages'): Pasted {
  const text = pasted.trim();
  if (text === '') return { ok: false, error: 'Paste a JSON body or a curl command.' };
  if (!/^(?:\$\s*)?curl\b/.test(text)) return fromBody(text, defaultPath, {});
  try {
    return fromCurl(shellWords(text.replace(/^\$\s*/, '')), defaultPath);
  } catch (error) {
    return { ok: false, error: `The curl command cannot be read: ${(error as Error).message}.` };
  }
}

function fromCurl(words: string[], defaultPath: string): Pasted {
  const headers: Record<string, string> = {};
  let url = '';
  const data: string[] = [];
  for (let at = 1; at < words.length; at += 1) {
    let word = words[at] ?? '';
    let value: string | undefined;
    const joined = /^(--[a-z-]+)=(.*)$/s.exec(word);
    if (joined) [, word = '', value] = joined;
    const short = /^(-[HdXAu])(.+)$/s.exec(word);
    if (short) [, word = '', value] = short;
    const take = (): string => value ?? words[(at += 1)] ?? '';
    if (word === '-H' || word === '--header') {
      const line = take();
      const colon = line.indexOf(':');
      if (colon > 0)
        headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    } else if (word === '-A' || word === '--user-agent') headers['user-agent'] = take();
    else if (word === '--url') url = take();
    else if (DATA.has(word)) data.push(take());
    else if (VALUED.has(word)) take();
    else if (!word.startsWith('-')) url = word;
  }
  const body = data.join('&');
  if (body.startsWith('@')) {
    const file = body.slice(1);
    return {
      ok: false,
      error: `The command reads its body from the file ${file}; paste the body itself.`,
    };
  }
  if (body === '') return { ok: false, error: 'The curl command has no body (-d or --data).' };
  return fromBody(body, pathOf(url) ?? defaultPath, headers);
}

function pathOf(url: string): string | undefined {
  if (url === '') return undefined;
  try {
    const parsed = new URL(url.includes('://') ? url : `http://${url}`);
    return parsed.pathname + parsed.search;
  } catch {
    // A variable in place of the host: what follows it is the path.
    const slash = url.replace(/^[a-z]+:\/\//, '').indexOf('/');
    return slash < 0 ? undefined : url.replace(/^[a-z]+:\/\//, '').slice(slash);
  }
}

function fromBody(text: string, path: string, headers: Record<string, string>): Pasted {
  const parsed = parseJson(text);
  if (!parsed.ok) return { ok: false, error: parsed.error };
  return { ok: true, request: { path, headers, body: parsed.value, text } };
}

export type Parsed =
  { ok: true; value: unknown } | { ok: false; error: string; line?: number; column?: number };

/** Parses JSON; an error says the line and column where it is wrong. */
export function parseJson(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    const fault = jsonFault(text) ?? { at: 0, message: 'it cannot be read' };
    const before = text.slice(0, fault.at);
    const line = before.split('\n').length;
    const column = fault.at - before.lastIndexOf('\n');
    const where = `line ${String(line)}, column ${String(column)}`;
    return { ok: false, error: `Not JSON: ${fault.message} (${where}).`, line, column };
  }
}
