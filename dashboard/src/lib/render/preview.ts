// A message in one line.

import type { Block, Message } from '../dialects';
import { countReminders, withoutReminders } from '../dialects/text';

const LONGEST = 300;

/** What it says without reminders; what it has instead of words is named in brackets. */
export function preview(message: Message): string {
  const parts = message.blocks.map(said).filter((one) => one !== '');
  const line = parts
    .join(' ')
    .replace(/\*\*|`+|^#+ /gm, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (line === '') return message.blocks.length === 0 ? '[Empty]' : '[Context message]';
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function said(block: Block): string {
  switch (block.kind) {
    case 'text': {
      const words = withoutReminders(block.text.slice(0, 20_000));
      if (words !== '') return words.slice(0, LONGEST * 2);
      return countReminders(block.text) > 0 ? '[System reminder]' : '';
    }
    case 'thinking':
    case 'redacted':
      return '[Thinking]';
    case 'toolCall':
      return `[Tool call: ${block.name}]`;
    case 'toolResult':
      return `[${block.isError ? 'Failed result' : 'Result'}${block.name === undefined ? '' : ` of ${block.name}`}]`;
    case 'image':
      return '[Image]';
    case 'document':
      return `[Document${block.title === '' ? '' : `: ${block.title}`}]`;
    case 'searchResult':
      return `[Search result: ${block.title}]`;
    case 'unknown':
      return `[${block.type}]`;
  }
}
