// A message as text that can be compared and read line by line. Nothing is left out: what has no words is its JSON.

import { pretty } from '../dialects/json';
import type { Block, Message, RequestView, Tool } from '../dialects/view';

export function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'thinking':
      return `[thinking]\n${block.text}`;
    case 'toolCall':
      return `[call ${block.name} ${block.id}]\n${typeof block.input === 'string' ? block.input : pretty(block.input)}`;
    case 'toolResult': {
      const head = `[result of ${block.name ?? block.id}${block.isError ? ', failed' : ''}]`;
      return [head, ...block.blocks.map(blockText)].join('\n');
    }
    default:
      return `[${block.kind}]\n${pretty(block.raw)}`;
  }
}

export function messageText(message: Message): string {
  return message.blocks.map(blockText).join('\n');
}

export function systemText(view: RequestView): string {
  return view.system.map((one) => (one.text === '' ? pretty(one.raw) : one.text)).join('\n\n');
}

export function toolText(tool: Tool): string {
  return pretty(tool.raw);
}

export function toolsText(view: RequestView): string {
  return view.tools.map(toolText).join('\n');
}

export function paramsText(view: RequestView): string {
  return pretty({ model: view.model, ...view.config });
}

/** Header names and values in order, a line each. */
export function headersText(headers: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(headers)
    .flatMap(([name, values]) => values.map((value) => `${name}: ${value}`))
    .sort()
    .join('\n');
}
