// The setting `pricing.models` as a page edits it: one text for all models, such as
// `m=input=3 output=15, n=1/2;input=2 output=4 from=2026-01-31`.

export const RATES = [
  'input',
  'output',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'reasoning',
  'web_search',
] as const;
export type Rate = (typeof RATES)[number];

/** One price of one model. */
export interface OwnPrice {
  rates: Partial<Record<Rate, number>>;
  from?: string;
  provider?: string;
  /** The one service tier that it is for. */
  tier?: string;
}

/** Reads the setting; each model has its prices in order. */
export function readPrices(text: string): Map<string, OwnPrice[]> {
  const found = new Map<string, OwnPrice[]>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1) continue;
    const prices = part
      .slice(equals + 1)
      .split(';')
      .map(one);
    found.set(part.slice(0, equals).trim(), prices);
  }
  return found;
}

function one(text: string): OwnPrice {
  const price: OwnPrice = { rates: {} };
  for (const word of text.split(/\s+/)) {
    const [name = '', value = ''] = word.split('=');
    const both = /^([\d.]+)\/([\d.]+)$/.exec(word);
    if (both) {
      price.rates.input = Number(both[1]);
      price.rates.output = Number(both[2]);
    } else if (name === 'from') price.from = value;
    else if (name === 'provider') price.provider = value;
    else if (name === 'tier') price.tier = value;
    else if ((RATES as readonly string[]).includes(name)) price.rates[name as Rate] = Number(value);
  }
  return price;
}

/** Writes the setting. */
export function writePrices(prices: ReadonlyMap<string, OwnPrice[]>): string {
  return [...prices].map(([model, all]) => `${model}=${all.map(words).join(';')}`).join(', ');
}

function words(price: OwnPrice): string {
  const said = RATES.flatMap((rate) => {
    const amount = price.rates[rate];
    return amount === undefined ? [] : [`${rate}=${String(amount)}`];
  });
  if (price.from) said.push(`from=${price.from}`);
  if (price.provider) said.push(`provider=${price.provider}`);
  if (price.tier) said.push(`tier=${price.tier}`);
  return said.join(' ');
}

/** What is wrong with a model's name or an amount, or nothing. */
export function priceFault(model: string, price: OwnPrice): string | undefined {
  if (model.trim() === '') return 'Name the model.';
  if (/[,=;]/.test(model) || /\s/.test(model.trim()))
    return "A model's name has no comma, semicolon, equals sign or blank.";
  const amounts = Object.values(price.rates);
  if (amounts.length === 0) return 'Give at least one price.';
  if (amounts.some((amount) => !Number.isFinite(amount) || amount < 0 || amount > 1e6)) {
    return 'Prices are US dollars per million tokens, from 0 to a million.';
  }
  if (price.from && !/^\d{4}-\d{2}-\d{2}$/.test(price.from))
    return 'The day is written as 2026-01-31.';
  return undefined;
}

/** What tells the prices of a model apart. */
export type PriceScope = Pick<OwnPrice, 'from' | 'provider' | 'tier'>;

const isFor = (price: OwnPrice, scope: PriceScope): boolean =>
  price.from === scope.from && price.provider === scope.provider && price.tier === scope.tier;

/** Puts a price into a model's list in place of the one for the same day, provider and tier. */
export function withPrice(
  prices: ReadonlyMap<string, OwnPrice[]>,
  model: string,
  price: OwnPrice,
): Map<string, OwnPrice[]> {
  const result = new Map(prices);
  const others = (prices.get(model) ?? []).filter((other) => !isFor(other, price));
  result.set(model, [...others, price]);
  return result;
}

/** Takes a price out of a model's list. */
export function withoutPrice(
  prices: ReadonlyMap<string, OwnPrice[]>,
  model: string,
  scope: PriceScope = {},
): Map<string, OwnPrice[]> {
  const result = new Map(prices);
  const rest = (prices.get(model) ?? []).filter((other) => !isFor(other, scope));
  if (rest.length === 0) result.delete(model);
  else result.set(model, rest);
  return result;
}
