/** Figures as people read them. All take null and undefined and say `–`. */

export const NONE = '–';
type Maybe = number | null | undefined;

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1234567 -> 1,234,567 */
export function count(value: Maybe): string {
  return value == null ? NONE : whole.format(value);
}

/** 1 failure, 2 failures, 1,234 entries: the word as it is for that many. */
export function counted(value: Maybe, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 950, 1.2k, 34k, 1.3M, 2.1B */
export function short(value: Maybe): string {
  if (value == null) return NONE;
  const size = Math.abs(value);
  for (const [unit, name] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    // Rounding must not say 1000k.
    if (size >= unit * 0.9995) return figures(value / unit) + name;
  }
  return whole.format(value);
}

function figures(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : 1).replace(/\.0$/, '');
}

/** 0 B, 512 B, 1.5 kB, 8 MB: powers of 1000. */
export function bytes(value: Maybe): string {
  if (value == null) return NONE;
  for (const [unit, name] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const) {
    if (value >= unit * 0.9995) return `${figures(value / unit)} ${name}`;
  }
  return `${whole.format(value)} B`;
}

/** 840 ms, 3.21 s, 2 m 05 s, 3 h 12 m, 4 d 1 h */
export function duration(ms: Maybe): string {
  if (ms == null) return NONE;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  const hours = Math.round(ms / 3_600_000);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** $12.34, $0.0123, <$0.0001, $0 */
export function money(usd: Maybe): string {
  if (usd == null) return NONE;
  if (usd === 0) return '$0';
  const size = Math.abs(usd);
  if (size < 0.0001) return usd < 0 ? '>-$0.0001' : '<$0.0001';
  const digits = size >= 1000 ? 0 : size >= 1 ? 2 : size >= 0.01 ? 3 : 4;
  const text = size.toLocaleString('en-US', {
    minimumFractionDigits: Math.min(digits, 2),
    maximumFractionDigits: digits,
  });
  return `${usd < 0 ? '-' : ''}$${text}`;
}

/** 0.123 -> 12.3% */
export function share(value: Maybe): string {
  if (value == null) return NONE;
  const percent = value * 100;
  return `${percent >= 99.95 || percent === 0 ? Math.round(percent) : percent.toFixed(1)}%`;
}

export type When = string | number | Date | null | undefined;

function date(when: When): Date | null {
  if (when == null) return null;
  const at = new Date(when);
  return Number.isNaN(at.getTime()) ? null : at;
}

const pad2 = (value: number) => String(value).padStart(2, '0');

/** 14:03:27, of the reader's own zone. */
export function clock(when: When): string {
  const at = date(when);
  return at ? [at.getHours(), at.getMinutes(), at.getSeconds()].map(pad2).join(':') : NONE;
}

/** 2026-11-21 of the reader's own zone. */
export function day(when: When): string {
  const at = date(when);
  return at ? `${at.getFullYear()}-${pad2(at.getMonth() + 1)}-${pad2(at.getDate())}` : NONE;
}

/** 2026-11-21 14:03:27 of the reader's own zone. */
export function moment(when: When): string {
  return date(when) ? `${day(when)} ${clock(when)}` : NONE;
}

/** The clock today, else the day too. */
export function brief(when: When, now: number = Date.now()): string {
  return day(when) === day(now) ? clock(when) : moment(when);
}

/** `just now`, `5 min ago`, `in 3 h`, `2 d ago` */
export function ago(when: When, now: number = Date.now()): string {
  const at = date(when);
  if (!at) return NONE;
  const ms = at.getTime() - now;
  const size = Math.abs(ms);
  if (size < 10_000) return 'just now';
  const [unit, name] =
    size < 60_000
      ? [1000, 's']
      : size < 3_600_000
        ? [60_000, 'min']
        : size < 86_400_000
          ? [3_600_000, 'h']
          : [86_400_000, 'd'];
  const text = `${Math.round(size / unit)} ${name}`;
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** The part of an id that tells it from others. */
export function tail(id: string | null | undefined, length = 8): string {
  return id ? id.slice(-length) : NONE;
}

/** What sort of model: for colours. */
export function family(model: string | null | undefined): string {
  const name = (model ?? '').toLowerCase();
  for (const one of ['opus', 'sonnet', 'haiku', 'gemini', 'gpt'] as const) {
    if (name.includes(one)) return one;
  }
  return /^(o\d|chatgpt|codex)/.test(name) ? 'gpt' : 'other';
}
