// Header rules as the gateway applies them, to show what they would do and to refuse at once what
// it would refuse. The gateway decides; this only saves the way there.

import type { HeaderRule } from '$lib/api/types';

/** One header field. */
export interface Field {
  name: string;
  value: string;
}

const GUARDED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
]);

const DELICATE = new Set(['anthropic-beta', 'anthropic-version', 'content-type', 'retry-after']);

/** What is wrong with a rule, or nothing. */
export function ruleFault(
  rule: HeaderRule,
): { field: 'header' | 'value' | 'find'; message: string } | undefined {
  const name = rule.header.trim();
  if (name === '') return { field: 'header', message: 'Name a header.' };
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    return {
      field: 'header',
      message: 'Not a header name: only letters, digits and - _ . are usual in one.',
    };
  }
  if (GUARDED.has(name.toLowerCase())) {
    return {
      field: 'header',
      message: `${name} belongs to the connection itself; a rule on it would break requests.`,
    };
  }
  const sent = /^[\t\x20-\x7e\x80-\uffff]*$/;
  if (!sent.test(rule.value ?? ''))
    return { field: 'value', message: 'No header can carry a line break or control character.' };
  if (!sent.test(rule.find ?? ''))
    return { field: 'find', message: 'No header can carry a line break or control character.' };
  return undefined;
}

/** What somebody should know before a rule takes effect, or nothing. */
export function ruleWarning(rule: HeaderRule): string | undefined {
  const name = rule.header.trim().toLowerCase();
  if (DELICATE.has(name) || name.startsWith('anthropic-ratelimit-')) {
    return `Clients depend on ${name}: with this rule some may fail or misbehave.`;
  }
  if (rule.action === 'replace' && (rule.find ?? '') === '')
    return 'Nothing to find: the rule does nothing.';
  return undefined;
}

/** The headers after all rules, in order, each seeing what the one before left. */
export function applyRules(rules: readonly HeaderRule[], fields: readonly Field[]): Field[] {
  let now = fields.map((field) => ({ ...field }));
  for (const rule of rules) {
    if (!rule.enabled || ruleFault(rule)) continue;
    const name = rule.header.trim().toLowerCase();
    const is = (field: Field): boolean => field.name.toLowerCase() === name;
    if (rule.action === 'block') now = now.filter((field) => !is(field));
    else if (rule.action === 'set') {
      const at = now.findIndex(is);
      const value = rule.value ?? '';
      const spelt = now[at]?.name ?? rule.header.trim();
      now = now.filter((field) => !is(field));
      now.splice(at < 0 ? now.length : at, 0, { name: spelt, value });
    } else if (rule.find) {
      const { find } = rule;
      const value = rule.value ?? '';
      now = now.map((field) =>
        is(field) ? { ...field, value: field.value.split(find).join(value) } : field,
      );
    }
  }
  return now;
}

export interface FieldChange {
  name: string;
  kind: 'same' | 'added' | 'removed' | 'changed';
  from?: string;
  to?: string;
}

/** What rules make of headers, field by field. */
export function changes(before: readonly Field[], after: readonly Field[]): FieldChange[] {
  const rest = [...after];
  const result: FieldChange[] = before.map((field) => {
    const at = rest.findIndex((other) => other.name.toLowerCase() === field.name.toLowerCase());
    if (at < 0) return { name: field.name, kind: 'removed', from: field.value };
    const to = rest.splice(at, 1)[0]?.value ?? '';
    return {
      name: field.name,
      kind: to === field.value ? 'same' : 'changed',
      from: field.value,
      to,
    };
  });
  for (const field of rest) result.push({ name: field.name, kind: 'added', to: field.value });
  return result;
}

/** Reads `Name: value` lines; others are passed over. */
export function readFields(text: string): Field[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) return [];
    return [{ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }];
  });
}

/** A list with one item moved to another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const result = [...list];
  const [item] = result.splice(from, 1);
  if (item !== undefined) result.splice(Math.max(0, Math.min(to, result.length)), 0, item);
  return result;
}
