// What a line of a transcript on disk says, part by part. Its shape is the agent's own and may be
// anything; what is not known is shown as it stands.

import type { ConversationMessage, Json } from '$lib/api/types';

export interface TranscriptPart {
  kind: 'text' | 'thinking' | 'tool' | 'result' | 'reminder' | 'image' | 'other';
  label: string;
  text: string;
  failed: boolean;
}

export interface TranscriptEntry {
  role: string;
  model: string | undefined;
  parts: TranscriptPart[];
}

type Fields = Record<string, Json>;

const fields = (value: Json | undefined): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const pretty = (value: Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null, null, 2);

/** Reads one line. */
export function readEntry(line: ConversationMessage): TranscriptEntry {
  const message = fields(line.message);
  const content =
    typeof line.message === 'string' ? line.message : (message['content'] ?? message['text']);
  return {
    role: text(message['role']) || line.type,
    model: text(message['model']) || undefined,
    parts: parts(content),
  };
}

function parts(content: Json | undefined): TranscriptPart[] {
  if (typeof content === 'string') return split(content);
  if (!Array.isArray(content))
    return content === undefined || content === null
      ? []
      : [part('other', 'content', pretty(content))];
  return content.flatMap(block);
}

function part(
  kind: TranscriptPart['kind'],
  label: string,
  shown: string,
  failed = false,
): TranscriptPart {
  return { kind, label, text: shown, failed };
}

function block(value: Json): TranscriptPart[] {
  if (typeof value === 'string') return split(value);
  const one = fields(value);
  const type = text(one['type']);
  switch (type) {
    case 'text':
      return split(text(one['text']));
    case 'thinking':
    case 'redacted_thinking': {
      const thought = text(one['thinking']);
      return [
        part(
          'thinking',
          thought ? `${String(thought.length)} characters` : 'not shown by the model',
          thought,
        ),
      ];
    }
    case 'tool_use':
    case 'server_tool_use':
      return [part('tool', called(text(one['name']), fields(one['input'])), pretty(one['input']))];
    case 'tool_result':
      return [
        part(
          'result',
          `${String(resultText(one['content']).length)} characters`,
          resultText(one['content']),
          one['is_error'] === true,
        ),
      ];
    case 'image':
      return [
        part(
          'image',
          text(fields(one['source'])['media_type']) || 'image',
          'The picture is in the transcript on disk.',
        ),
      ];
    default:
      return [part('other', type || 'unknown', pretty(value))];
  }
}

/** A tool's name with what it is about. */
function called(name: string, input: Fields): string {
  const about = ['file_path', 'path', 'command', 'pattern', 'url', 'description', 'query']
    .map((key) => text(input[key]))
    .find(Boolean);
  return about ? `${name} ${about.slice(0, 120)}` : name;
}

function resultText(content: Json | undefined): string {
  if (!Array.isArray(content)) return pretty(content);
  return content
    .map((value) => {
      const one = fields(value);
      return text(one['type']) === 'image' ? '[picture]' : text(one['text']) || pretty(value);
    })
    .join('\n');
}

/** A text, with the reminders that an agent put into it apart. */
function split(whole: string): TranscriptPart[] {
  const found: TranscriptPart[] = [];
  let at = 0;
  for (const match of whole.matchAll(/<system-reminder>([\s\S]*?)<\/system-reminder>/g)) {
    const before = whole.slice(at, match.index).trim();
    if (before) found.push(part('text', '', before));
    const reminder = (match[1] ?? '').trim();
    found.push(part('reminder', `${String(reminder.length)} characters`, reminder));
    at = match.index + match[0].length;
  }
  const rest = whole.slice(at).trim();
  if (rest) found.push(part('text', '', rest));
  return found;
}
