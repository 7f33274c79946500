// What differs between two texts, line by line: the shortest script of removed and added lines
// (Myers), within a bound on the work; past it the middle counts as replaced.

export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
  /** Line numbers from 1 in the one and in the other text. */
  left?: number;
  right?: number;
}

/** Most steps of the search; texts that differ more are shown as replaced. */
const MOST_STEPS = 2000;

/** The lines of both texts in one order. */
export function diffLines(left: string, right: string): DiffLine[] {
  const a = left === '' ? [] : left.split('\n');
  const b = right === '' ? [] : right.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const lines: DiffLine[] = [];
  for (let at = 0; at < head; at += 1) lines.push({ kind: 'same', text: a[at] ?? '', left: at + 1, right: at + 1 });
  const middle = myers(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  for (const line of middle) {
    if (line.left !== undefined) line.left += head;
    if (line.right !== undefined) line.right += head;
    lines.push(line);
  }
  for (let at = tail; at > 0; at -= 1) {
    lines.push({ kind: 'same', text: a[a.length - at] ?? '', left: a.length - at + 1, right: b.length - at + 1 });
  }
  return lines;
}

function myers(a: string[], b: string[]): DiffLine[] {
  const most = Math.min(a.length + b.length, MOST_STEPS);
  const offset = most + 1;
  const v = new Int32Array(2 * most + 3);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d += 1) {
    trace.push(v.slice());
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (v[offset + k - 1] ?? 0) < (v[offset + k + 1] ?? 0));
      let x = down ? (v[offset + k + 1] ?? 0) : (v[offset + k - 1] ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x += 1;
        y += 1;
      }
      v[offset + k] = x;
      if (x >= a.length && y >= b.length) return walkBack(a, b, trace, offset);
    }
  }
  return [
    ...a.map((text, at): DiffLine => ({ kind: 'removed', text, left: at + 1 })),
    ...b.map((text, at): DiffLine => ({ kind: 'added', text, right: at + 1 })),
  ];
}

function walkBack(a: string[], b: string[], trace: Int32Array[], offset: number): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const v = trace[d] ?? new Int32Array();
    const k = x - y;
    const down = k === -d || (k !== d && (v[offset + k - 1] ?? 0) < (v[offset + k + 1] ?? 0));
    const fromK = down ? k + 1 : k - 1;
    const fromX = v[offset + fromK] ?? 0;
    const fromY = fromX - fromK;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      lines.push({ kind: 'same', text: a[x - 1] ?? '', left: x, right: y });
      x -= 1;
      y -= 1;
    }
    if (d === 0) break;
    if (down) {
      lines.push({ kind: 'added', text: b[y - 1] ?? '', right: y });
      y -= 1;
    } else {
      lines.push({ kind: 'removed', text: a[x - 1] ?? '', left: x });
      x -= 1;
    }
  }
  return lines.reverse();
}

/** How many lines were added and removed. */
export function counts(lines: readonly DiffLine[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const line of lines) {
    if (line.kind === 'added') added += 1;
    if (line.kind === 'removed') removed += 1;
  }
  return { added, removed };
}
