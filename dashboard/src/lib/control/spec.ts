// What a project or a token may do, as people type it and as the API takes it.

import type { Budget, Limits, Period, PeriodUsage, Rules, Spec } from '$lib/api/types';

export const PERIODS: readonly Period[] = ['day', 'week', 'month', 'lifetime'];

export const LISTS = [
  'allowed_models',
  'allowed_endpoints',
  'allowed_methods',
  'allowed_origins',
  'required_headers',
] as const;
export const LIMITS = ['rpm', 'tpm', 'concurrency'] as const;

export type List = (typeof LISTS)[number];
export type Limit = (typeof LIMITS)[number];

export interface BudgetDraft {
  period: Period;
  usd: string;
  tokens: string;
}

/** All of it as text, one entry a line. */
export interface SpecDraft {
  lists: Record<List, string>;
  params: string;
  limits: Record<Limit, string>;
  budgets: BudgetDraft[];
}

/** Answers leave empty lists out. */
function listOf(rules: Partial<Rules>, list: List): readonly string[] {
  return rules[list] ?? [];
}

function paramsOf(rules: Partial<Rules>): Record<string, string[]> {
  return rules.param_whitelist ?? {};
}

/** A name or a value as one writes it: in quotes, as JSON has it, where it would be read as something else. */
function written(text: string, apart: RegExp): string {
  const plain = text !== '' && text === text.trim() && !text.startsWith('"') && !apart.test(text);
  return plain ? text : JSON.stringify(text);
}

/** `name: value, value` of each parameter. */
function paramLines(rules: Partial<Rules>): string[] {
  return Object.entries(paramsOf(rules)).map(([name, values]) => {
    const all = values.map((value) => written(value, /[,\n]/)).join(', ');
    return `${written(name, /[:\n]/)}: ${all}`;
  });
}

export function draftOf(spec: Partial<Spec> = {}): SpecDraft {
  const { rules, limits, budgets = [] } = spec;
  const lists = LISTS.map((list) => [list, listOf(rules ?? {}, list).join('\n')]);
  const rates = LIMITS.map((limit) => [limit, limits?.[limit]?.toString() ?? '']);
  return {
    lists: Object.fromEntries(lists) as Record<List, string>,
    params: paramLines(rules ?? {}).join('\n'),
    limits: Object.fromEntries(rates) as Record<Limit, string>,
    budgets: budgets.map(({ period, usd, tokens }) => ({
      period,
      usd: usd?.toString() ?? '',
      tokens: tokens?.toString() ?? '',
    })),
  };
}

/** What is wrong, by the field's name in the API. */
export type Faults = Record<string, string>;

/**
 * What the API takes, or what is wrong with what was typed. Rules whose text is still what `before` is shown
 * as are those of `before` to the letter.
 */
export function specOf(
  draft: SpecDraft,
  before: Partial<Spec> = {},
): { spec: Spec; faults: Faults } {
  const faults: Faults = {};
  const shown = draftOf(before);
  const had: Partial<Rules> = before.rules ?? {};
  const rules = {} as Rules;
  for (const list of LISTS) {
    const text = draft.lists[list];
    rules[list] = text === shown.lists[list] ? [...listOf(had, list)] : lines(text);
  }
  rules.param_whitelist =
    draft.params === shown.params ? { ...paramsOf(had) } : params(draft.params, faults);
  const limits: Limits = {} as Limits;
  for (const limit of LIMITS) {
    const value = whole(draft.limits[limit], 1);
    if (value === null) faults[`limits.${limit}`] = 'A whole number from 1 on, or nothing.';
    else if (value !== undefined) limits[limit] = value;
  }
  const budgets = draft.budgets.map((one, at) => budget(one, `budgets[${at}]`, faults));
  const twice = draft.budgets.findIndex(
    (one, at) => draft.budgets.findIndex((each) => each.period === one.period) < at,
  );
  if (twice >= 0) faults[`budgets[${twice}]`] = 'There is another budget for this period.';
  return { spec: { rules, limits, budgets }, faults };
}

/** One entry a line. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function params(text: string, faults: Faults): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of lines(text)) {
    const [, before = '', after = ''] = /^("(?:[^"\\]|\\.)*"|[^:]+):(.*)$/.exec(line) ?? [];
    const name = read(before.trim());
    const allowed = parted(after).map(read);
    if (name === undefined || allowed.length === 0 || allowed.includes(undefined)) {
      faults['rules.param_whitelist'] = `“${line}” is not “name: value, value”.`;
    } else found[name] = allowed.filter((one) => one !== undefined);
  }
  return found;
}

/** What stands between commas that are in no quotes; nothing where there is nothing. */
function parted(text: string): string[] {
  const all = text.match(/\s*"(?:[^"\\]|\\.)*"\s*(?=,|$)|[^,]+/g) ?? [];
  return all.map((one) => one.trim()).filter((one) => one !== '');
}

/** A name or a value without its quotes; nothing if it is none. */
function read(text: string): string | undefined {
  if (!/^".*"$/.test(text)) return text === '' ? undefined : text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

/** Nothing is undefined, what is no such number null. */
export function whole(text: string, least: number): number | null | undefined {
  const digits = text.trim().replaceAll(/[,_ ]/g, '');
  if (digits === '') return undefined;
  const value = Number(digits);
  return /^\d+$/.test(digits) && Number.isSafeInteger(value) && value >= least ? value : null;
}

function budget(draft: BudgetDraft, field: string, faults: Faults): Budget {
  const made: Budget = { period: draft.period };
  const dollars = draft.usd.trim().replace(/^\$/, '');
  const usd = dollars === '' ? undefined : Number(dollars);
  const tokens = whole(draft.tokens, 0);
  if (usd === undefined && tokens === undefined) faults[field] = 'Set dollars, tokens or both.';
  if (usd !== undefined) {
    if (Number.isFinite(usd) && usd >= 0) made.usd = usd;
    else faults[`${field}.usd`] = 'A number of dollars, not below zero.';
  }
  if (tokens === null) faults[`${field}.tokens`] = 'A whole number of tokens.';
  else if (tokens !== undefined) made.tokens = tokens;
  return made;
}

/** Only what differs, so that a change says no more than was meant; none if nothing does. */
export function changed(before: Spec, after: Spec): Partial<Spec> {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const rulesOf = ({ rules }: Spec) => [LISTS.map((list) => listOf(rules, list)), paramsOf(rules)];
  const limitsOf = ({ limits }: Spec) => LIMITS.map((limit) => limits[limit]);
  const budgetsOf = ({ budgets }: Spec) =>
    budgets.map(({ period, usd, tokens }) => [period, usd, tokens]);
  return {
    ...(same(rulesOf(before), rulesOf(after)) ? {} : { rules: after.rules }),
    ...(same(limitsOf(before), limitsOf(after)) ? {} : { limits: after.limits }),
    ...(same(budgetsOf(before), budgetsOf(after)) ? {} : { budgets: after.budgets }),
  };
}

/** A budget with what was used of it, one line for money and one for tokens. */
export interface Spending {
  period: Period;
  unit: 'usd' | 'tokens';
  used: number;
  most: number;
  resetsAt: string | undefined;
}

export function spending(
  budgets: readonly Budget[],
  usage: readonly PeriodUsage[],
): readonly Spending[] {
  return budgets.flatMap((one) => {
    const used = usage.find((each) => each.period === one.period);
    const units = [
      ['usd', one.usd],
      ['tokens', one.tokens],
    ] as const;
    return units.flatMap(([unit, most]) =>
      most == null
        ? []
        : [
            {
              period: one.period,
              unit,
              used: used?.[unit] ?? 0,
              most,
              resetsAt: used?.resets_at,
            },
          ],
    );
  });
}

/** What the rules and limits say, in lines for people; none if all is allowed. */
export function told({ rules, limits }: Pick<Spec, 'rules' | 'limits'>): [string, string][] {
  const names: Record<List, string> = {
    allowed_models: 'Models',
    allowed_endpoints: 'Endpoints',
    allowed_methods: 'Methods',
    allowed_origins: 'Origins',
    required_headers: 'Headers needed',
  };
  const facts = LISTS.map((list): [string, string] => [
    names[list],
    listOf(rules, list).join(', '),
  ]).filter(([, entries]) => entries !== '');
  const params = paramLines(rules).join('; ');
  if (params !== '') facts.push(['Parameters', params]);
  const rates: Record<Limit, string> = {
    rpm: 'requests a minute',
    tpm: 'tokens a minute',
    concurrency: 'at once',
  };
  const said = LIMITS.flatMap((limit) => {
    const most = limits[limit];
    return most == null ? [] : [`${most.toLocaleString('en-US')} ${rates[limit]}`];
  });
  if (said.length > 0) facts.push(['Limits', said.join(', ')]);
  return facts;
}
