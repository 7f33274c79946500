// Two exchanges compared part by part, and that comparison as a file.

import type { RequestView } from '../dialects/view';
import { counts, hunks, lineDiff, type Counts, type Line } from './lines';
import { messageDiff, tally, type Pair, type Tally } from './messages';
import { headersText, messageText, paramsText, systemText, toolsText } from './prose';

export interface Side {
  readonly id: string;
  readonly view: RequestView;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** What came back, as text. */
  readonly answer: string;
}

export interface Section {
  readonly name: 'params' | 'system' | 'tools' | 'headers' | 'answer';
  readonly left: string;
  readonly right: string;
  readonly lines: readonly Line[];
  readonly counts: Counts;
}

export interface Comparison {
  readonly left: Side;
  readonly right: Side;
  readonly pairs: readonly Pair[];
  readonly tally: Tally;
  readonly sections: readonly Section[];
}

export function compare(left: Side, right: Side): Comparison {
  const pairs = messageDiff(left.view.messages, right.view.messages);
  const sections = [
    section('params', paramsText(left.view), paramsText(right.view)),
    section('system', systemText(left.view), systemText(right.view)),
    section('tools', toolsText(left.view), toolsText(right.view)),
    section('headers', headersText(left.headers), headersText(right.headers)),
    section('answer', left.answer, right.answer),
  ];
  return { left, right, pairs, tally: tally(pairs), sections };
}

function section(name: Section['name'], left: string, right: string): Section {
  const lines = left === right ? [] : lineDiff(left, right);
  return { name, left, right, lines, counts: counts(lines) };
}

/** As `patch` and every editor read it. */
export function toDiff(it: Comparison): string {
  const parts = it.sections.map((one) => unified(it, one.name, one.lines));
  it.pairs.forEach((pair, at) => {
    if (pair.fate === 'unchanged') return;
    const left = pair.left === undefined ? '' : messageText(pair.left);
    const right = pair.right === undefined ? '' : messageText(pair.right);
    parts.push(unified(it, `messages/${String(at)}`, lineDiff(left, right)));
  });
  return parts.filter((one) => one !== '').join('');
}

function unified(it: Comparison, name: string, lines: readonly Line[]): string {
  if (lines.every((line) => line.change === 'same')) return '';
  const body = hunks(lines).hunks.map((hunk) => {
    const left = hunk.lines.filter((line) => line.left !== undefined);
    const right = hunk.lines.filter((line) => line.right !== undefined);
    const head = `@@ -${range(left.map((l) => l.left ?? 0))} +${range(right.map((l) => l.right ?? 0))} @@\n`;
    const sign = { same: ' ', added: '+', removed: '-' } as const;
    return head + hunk.lines.map((line) => `${sign[line.change]}${line.text}\n`).join('');
  });
  return `--- ${it.left.id}/${name}\n+++ ${it.right.id}/${name}\n${body.join('')}`;
}

function range(numbers: readonly number[]): string {
  return numbers.length === 0 ? '0,0' : `${String(numbers[0])},${String(numbers.length)}`;
}

/** To be read by people, pasted into a report. */
export function toMarkdown(it: Comparison): string {
  const { unchanged, modified, added, removed } = it.tally;
  const out = [
    `# ${it.left.id} and ${it.right.id}`,
    '',
    `Messages: ${String(unchanged)} unchanged, ${String(modified)} modified, ${String(added)} added, ${String(removed)} removed.`,
    '',
    '| part | added | removed |',
    '|---|--:|--:|',
    ...it.sections.map(
      (one) => `| ${one.name} | ${String(one.counts.added)} | ${String(one.counts.removed)} |`,
    ),
    '',
  ];
  const patch = toDiff(it);
  if (patch !== '') out.push(fence(patch) + 'diff', patch.trimEnd(), fence(patch), '');
  return out.join('\n');
}

/** A fence longer than any within the text. */
function fence(text: string): string {
  const longest = [...text.matchAll(/`+/g)].reduce((most, one) => Math.max(most, one[0].length), 2);
  return '`'.repeat(longest + 1);
}

/** Everything, both sides whole. */
export function toJson(it: Comparison): string {
  return JSON.stringify(
    {
      left: {
        requestId: it.left.id,
        headers: it.left.headers,
        body: it.left.view.raw,
        answer: it.left.answer,
      },
      right: {
        requestId: it.right.id,
        headers: it.right.headers,
        body: it.right.view.raw,
        answer: it.right.answer,
      },
      tally: it.tally,
      messages: it.pairs.map((pair) => ({
        fate: pair.fate,
        left: pair.left?.index ?? null,
        right: pair.right?.index ?? null,
      })),
      sections: it.sections.map((one) => ({
        name: one.name,
        ...one.counts,
        changes: one.lines.filter((line) => line.change !== 'same'),
      })),
    },
    null,
    2,
  );
}
