// What clients hide within texts: reminders, and definitions of tools.

import { isObj, parse, str } from './json';
import type { Tool } from './view';

export interface Segment {
  readonly kind: 'text' | 'reminder';
  readonly text: string;
}

const OPEN = '<system-reminder>';
const CLOSE = '</system-reminder>';

/** The text in order, its reminders apart. Joined with their tags the segments give the text again. */
export function splitReminders(text: string): Segment[] {
  const found: Segment[] = [];
  let at = 0;
  for (;;) {
    const from = text.indexOf(OPEN, at);
    const to = from < 0 ? -1 : text.indexOf(CLOSE, from + OPEN.length);
    if (to < 0) break;
    if (from > at) found.push({ kind: 'text', text: text.slice(at, from) });
    found.push({ kind: 'reminder', text: text.slice(from + OPEN.length, to) });
    at = to + CLOSE.length;
  }
  if (at < text.length) found.push({ kind: 'text', text: text.slice(at) });
  return found;
}

export function countReminders(text: string): number {
  return splitReminders(text).filter((one) => one.kind === 'reminder').length;
}

/** The text without its reminders, trimmed. */
export function withoutReminders(text: string): string {
  return splitReminders(text)
    .filter((one) => one.kind === 'text')
    .map((one) => one.text)
    .join('')
    .trim();
}

export interface Definitions {
  readonly tools: readonly Tool[];
  /** The text around them. */
  readonly rest: string;
}

const FUNCTIONS = /<functions>([\s\S]*?)<\/functions>/g;
const FUNCTION = /<function>([\s\S]*?)<\/function>/g;

/** Tools that a text defines within `<functions>`; none of the text is lost where one cannot be read. */
export function toolDefinitions(text: string): Definitions {
  const tools: Tool[] = [];
  if (!text.includes('<functions>')) return { tools, rest: text };
  const rest = text.replace(FUNCTIONS, (whole, inside: string) => {
    const read: Tool[] = [];
    for (const one of inside.matchAll(FUNCTION)) {
      const value = parse(one[1] ?? '');
      if (!isObj(value)) return whole;
      read.push(defined(value));
    }
    if (read.length === 0) return whole;
    tools.push(...read);
    return '';
  });
  return { tools, rest };
}

function defined(value: Readonly<Record<string, unknown>>): Tool {
  const schema = value['parameters'] ?? value['input_schema'];
  return {
    name: str(value['name']) ?? '(no name)',
    description: str(value['description']) ?? '',
    ...(schema === undefined ? {} : { schema }),
    type: 'function',
    deferred: false,
    raw: value,
  };
}
