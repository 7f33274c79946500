// What the tools of coding agents were called with, in the form that is best looked at. What is not recognised stays a
// list of parameters; nothing is left out of any of them.

import { arr, field, isObj, num, obj, pretty, str, without } from '../dialects/json';

export interface Edit {
  readonly before: string;
  readonly after: string;
  readonly all: boolean;
}

export interface Todo {
  readonly text: string;
  readonly status: string;
  readonly priority?: string;
}

export interface Param {
  readonly name: string;
  /** Text as it is; anything else as JSON. */
  readonly text: string;
}

export type ToolView =
  | {
      readonly kind: 'edit';
      readonly path: string;
      readonly edits: readonly Edit[];
      readonly rest: readonly Param[];
    }
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly content: string;
      readonly rest: readonly Param[];
    }
  | { readonly kind: 'patch'; readonly patch: string; readonly rest: readonly Param[] }
  | { readonly kind: 'todos'; readonly todos: readonly Todo[]; readonly rest: readonly Param[] }
  | {
      readonly kind: 'read';
      readonly path: string;
      readonly offset?: number;
      readonly limit?: number;
      readonly rest: readonly Param[];
    }
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly note: string;
      readonly rest: readonly Param[];
    }
  | { readonly kind: 'params'; readonly rest: readonly Param[] };

/** Names differ by client (`Edit`, `edit`, `replace`, `str_replace`): what was passed says what it is. */
export function toolView(name: string, input: unknown): ToolView {
  if (typeof input === 'string' && input.includes('*** Begin Patch'))
    return { kind: 'patch', patch: input, rest: [] };
  if (!isObj(input))
    return {
      kind: 'params',
      rest: input === undefined ? [] : [{ name: 'input', text: shown(input) }],
    };
  return (
    todos(name, input) ??
    edit(input) ??
    patch(input) ??
    write(name, input) ??
    command(name, input) ??
    read(name, input) ?? { kind: 'params', rest: params(input) }
  );
}

function path(input: unknown): string | undefined {
  const keys = ['file_path', 'filePath', 'notebook_path', 'path', 'absolute_path', 'filename'];
  for (const key of keys) {
    const found = str(field(input, key));
    if (found !== undefined) return found;
  }
  return undefined;
}

const PATHS = ['file_path', 'filePath', 'notebook_path', 'path', 'absolute_path', 'filename'];

function edit(input: Record<string, unknown>): ToolView | undefined {
  const where = path(input);
  if (where === undefined) return undefined;
  const many = arr(input['edits']).map(oneEdit);
  if (many.length > 0 && many.every((one) => one !== undefined)) {
    return {
      kind: 'edit',
      path: where,
      edits: many,
      rest: params(without(input, [...PATHS, 'edits'])),
    };
  }
  const single = oneEdit(input);
  if (single === undefined) return undefined;
  const used = [...PATHS, ...BEFORE, ...AFTER, ...ALL];
  return { kind: 'edit', path: where, edits: [single], rest: params(without(input, used)) };
}

const BEFORE = ['old_string', 'oldString', 'old_str', 'old_text'];
const AFTER = ['new_string', 'newString', 'new_str', 'new_text', 'new_source'];
const ALL = ['replace_all', 'replaceAll'];

function oneEdit(raw: unknown): Edit | undefined {
  const pick = (names: readonly string[]): string | undefined =>
    names.map((name) => str(field(raw, name))).find((one) => one !== undefined);
  const before = pick(BEFORE);
  const after = pick(AFTER);
  if (after === undefined || (before === undefined && field(raw, 'new_source') === undefined))
    return undefined;
  return { before: before ?? '', after, all: ALL.some((name) => field(raw, name) === true) };
}

function patch(input: Record<string, unknown>): ToolView | undefined {
  for (const key of ['patch', 'input', 'diff']) {
    const text = str(input[key]);
    if (text !== undefined && /\*\*\* Begin Patch|^--- .*\n\+\+\+ /m.test(text)) {
      return { kind: 'patch', patch: text, rest: params(without(input, [key])) };
    }
  }
  return undefined;
}

function todos(name: string, input: Record<string, unknown>): ToolView | undefined {
  const key = ['todos', 'plan', 'items'].find((one) => Array.isArray(input[one]));
  if (key === undefined || (key === 'items' && !/todo|plan/i.test(name))) return undefined;
  const list = arr(input[key]);
  if (list.length === 0 || !list.every((one) => isObj(one) && str(one['status']) !== undefined))
    return undefined;
  const made = list.map((one): Todo => {
    const it = obj(one);
    const text =
      str(it['content']) ??
      str(it['step']) ??
      str(it['description']) ??
      str(it['title']) ??
      pretty(one);
    const priority = str(it['priority']);
    return {
      text,
      status: str(it['status']) ?? '',
      ...(priority === undefined ? {} : { priority }),
    };
  });
  return { kind: 'todos', todos: made, rest: params(without(input, [key])) };
}

/** In the order in which people look for them: what is under way, what comes, what is done, anything else. */
export function byStatus(list: readonly Todo[]): { status: string; todos: Todo[] }[] {
  const order = ['in_progress', 'pending', 'completed'];
  const others = [...new Set(list.map((one) => one.status))].filter((one) => !order.includes(one));
  return [...order, ...others]
    .map((status) => ({ status, todos: list.filter((one) => one.status === status) }))
    .filter((one) => one.todos.length > 0);
}

function write(name: string, input: Record<string, unknown>): ToolView | undefined {
  const where = path(input);
  const key = ['content', 'file_text', 'contents'].find((one) => typeof input[one] === 'string');
  if (where === undefined || key === undefined || !/write|create|save/i.test(name))
    return undefined;
  const rest = params(without(input, [...PATHS, key]));
  return { kind: 'write', path: where, content: str(input[key]) ?? '', rest };
}

function command(name: string, input: Record<string, unknown>): ToolView | undefined {
  const key = ['command', 'cmd', 'script'].find(
    (one) => typeof input[one] === 'string' || Array.isArray(input[one]),
  );
  if (key === undefined || (key === 'command' && /edit/i.test(name))) return undefined;
  const value = input[key];
  const text = Array.isArray(value) ? words(value) : (str(value) ?? '');
  const note = str(input['description']) ?? '';
  return {
    kind: 'command',
    command: text,
    note,
    rest: params(without(input, [key, 'description'])),
  };
}

/** `["bash","-lc","ls"]` is `ls`; other lists are joined. */
function words(list: readonly unknown[]): string {
  const all = list.map((one) => (typeof one === 'string' ? one : shown(one)));
  if (all.length === 3 && /sh$/.test(all[0] ?? '') && /^-l?c$/.test(all[1] ?? ''))
    return all[2] ?? '';
  return all.join(' ');
}

function read(name: string, input: Record<string, unknown>): ToolView | undefined {
  const where = path(input);
  if (where === undefined || !/read|view|open/i.test(name)) return undefined;
  const offset = num(input['offset']);
  const limit = num(input['limit']);
  return {
    kind: 'read',
    path: where,
    ...(offset === undefined ? {} : { offset }),
    ...(limit === undefined ? {} : { limit }),
    rest: params(without(input, [...PATHS, 'offset', 'limit'])),
  };
}

function params(input: Record<string, unknown>): Param[] {
  return Object.entries(input).map(([name, value]) => ({ name, text: shown(value) }));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : pretty(value);
}
