// One frame of an event stream, as the capture keeps it.

import { parse } from '../dialects/json';

export interface Frame {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
  readonly comments: readonly string[];
  /** The data as JSON, if it is. */
  readonly json: unknown;
  readonly raw: string;
}

/** Reads any text without throwing; lines may end in LF, CR or both. */
export function frame(raw: string): Frame {
  const data: string[] = [];
  const comments: string[] = [];
  let event: string | undefined;
  let id: string | undefined;
  for (const line of raw.split(/\r\n|\n|\r/)) {
    if (line === '') continue;
    const at = line.indexOf(':');
    if (at === 0) {
      comments.push(line.slice(1).trimStart());
      continue;
    }
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id') id = value;
  }
  const text = data.join('\n');
  return {
    ...(event === undefined ? {} : { event }),
    ...(id === undefined ? {} : { id }),
    data: text,
    comments,
    json: text.startsWith('{') || text.startsWith('[') ? parse(text) : undefined,
    raw,
  };
}

/** What the frame calls itself: its event, the type within its data, or what else can be said. */
export function label(one: Frame): string {
  if (one.event !== undefined) return one.event;
  const json = one.json;
  if (typeof json === 'object' && json !== null && 'type' in json && typeof json.type === 'string')
    return json.type;
  if (one.data === '[DONE]') return '[DONE]';
  if (one.data === '') return one.comments.length > 0 ? 'comment' : 'empty';
  return 'data';
}
