// Places for the parts of a prompt: rectangles whose areas are their bytes.

import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import type { ContextPart } from '../api/types';

export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly part: ContextPart;
  /** What it lies within, for its tooltip. */
  readonly within: string;
}

interface Node {
  part?: ContextPart;
  children?: Node[];
}

/** Parts beyond this many are too small to be seen: they are drawn as one. */
const MOST = 400;

function node(part: ContextPart): Node {
  const children = part.children ?? [];
  return children.length === 0 ? { part } : { part, children: children.map(node) };
}

export function cells(parts: readonly ContextPart[], width: number, height: number): Cell[] {
  if (width <= 0 || height <= 0) return [];
  const root = hierarchy<Node>({ children: bounded(parts).map(node) }, (one) => one.children)
    .sum((one) => (one.children === undefined ? Math.max(0, one.part?.bytes ?? 0) : 0))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const placed = treemap<Node>()
    .tile(treemapSquarify)
    .size([width, height])
    .paddingInner(1)
    .round(false)(root);
  return placed.leaves().flatMap((leaf) => {
    const part = leaf.data.part;
    if (part === undefined || leaf.x1 - leaf.x0 < 0.5 || leaf.y1 - leaf.y0 < 0.5) return [];
    const within = leaf.parent?.data.part?.label ?? '';
    return [
      { x: leaf.x0, y: leaf.y0, width: leaf.x1 - leaf.x0, height: leaf.y1 - leaf.y0, part, within },
    ];
  });
}

function bounded(parts: readonly ContextPart[]): ContextPart[] {
  if (parts.length <= MOST) return [...parts];
  const sorted = [...parts].sort((a, b) => b.bytes - a.bytes);
  const rest = sorted.slice(MOST);
  const sum = (of: (part: ContextPart) => number): number =>
    rest.reduce((all, one) => all + of(one), 0);
  return [
    ...sorted.slice(0, MOST),
    {
      kind: 'other',
      label: `${String(rest.length)} smaller parts`,
      bytes: sum((one) => one.bytes),
      estimatedTokens: sum((one) => one.estimatedTokens),
    },
  ];
}
