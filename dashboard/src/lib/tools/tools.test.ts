import { describe, expect, it } from 'vitest';
import { byStatus, toolView } from './calls';
import { languageNamed, languageOf } from './language';
import { numbered, resultViews } from './results';

describe('calls', () => {
  it('are seen as what they do, whatever the client calls them', () => {
    const seen = (name: string, input: unknown) => toolView(name, input).kind;
    expect(seen('Edit', { file_path: '/a', old_string: 'x', new_string: 'y' })).toBe('edit');
    expect(
      seen('MultiEdit', { file_path: '/a', edits: [{ old_string: 'x', new_string: 'y' }] }),
    ).toBe('edit');
    expect(
      seen('replace', { file_path: '/a', old_string: '', new_string: 'y', instruction: 'i' }),
    ).toBe('edit');
    expect(seen('Write', { file_path: '/a', content: 'x' })).toBe('write');
    expect(seen('apply_patch', '*** Begin Patch\n')).toBe('patch');
    expect(seen('TodoWrite', { todos: [{ content: 'a', status: 'pending' }] })).toBe('todos');
    expect(seen('update_plan', { plan: [{ step: 'a', status: 'pending' }] })).toBe('todos');
    expect(seen('Read', { file_path: '/a', offset: 3 })).toBe('read');
    expect(seen('Bash', { command: 'ls' })).toBe('command');
    expect(seen('Grep', { pattern: 'x', path: '/a' })).toBe('params');
    expect(seen('x', undefined)).toBe('params');
    expect(seen('x', 7)).toBe('params');
  });

  it('lose no parameter', () => {
    expect(
      toolView('Bash', { command: ['bash', '-lc', 'ls -l'], timeout: 5, description: 'd' }),
    ).toEqual({
      kind: 'command',
      command: 'ls -l',
      note: 'd',
      rest: [{ name: 'timeout', text: '5' }],
    });
    expect(
      toolView('Edit', {
        file_path: '/a',
        old_string: 'x',
        new_string: 'y',
        replace_all: true,
        z: null,
      }).rest,
    ).toEqual([{ name: 'z', text: 'null' }]);
  });

  it('group tasks by how far they are', () => {
    const list = ['completed', 'pending', 'in_progress', 'blocked'].map((status) => ({
      text: status,
      status,
    }));
    expect(byStatus(list).map((one) => one.status)).toEqual([
      'in_progress',
      'pending',
      'completed',
      'blocked',
    ]);
  });
});

describe('results', () => {
  it('strip the numbers of a file that was read', () => {
    expect(numbered('     5→let a;\n     6→\n')).toEqual({ code: 'let a;\n', first: 5, after: '' });
    expect(resultViews('     1→a\n     2→b\n\n<system-reminder>x</system-reminder>')).toEqual([
      { kind: 'code', code: 'a\nb', first: 1 },
      { kind: 'text', text: '\n<system-reminder>x</system-reminder>' },
    ]);
  });
  it('are no code when the numbers do not ascend', () => {
    expect(resultViews('10: a')[0]?.kind).toBe('text');
    expect(resultViews('3\tx\n9\ty')).toEqual([
      { kind: 'code', code: 'x', first: 3 },
      { kind: 'text', text: '9\ty' },
    ]);
  });
  it('are JSON when they are', () => {
    expect(resultViews('{"a":[1]}')).toEqual([
      { kind: 'json', text: '{\n  "a": [\n    1\n  ]\n}' },
    ]);
    expect(resultViews('{a}')[0]?.kind).toBe('text');
  });
});

describe('languages', () => {
  it('come from names', () => {
    expect(
      ['a.rs', '/x/Y.TSX', 'Makefile', 'a.unknown', 'constructor', 'x.constructor'].map(languageOf),
    ).toEqual(['rust', 'typescript', 'bash', undefined, undefined, undefined]);
    expect(languageNamed('shell')).toBe('bash');
    expect(languageNamed('__proto__')).toBeUndefined();
  });
});
