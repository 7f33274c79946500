import { describe, expect, it } from 'vitest';
import { priceFault, readPrices, withoutPrice, withPrice, writePrices } from './priceEdits';

describe('pricing.models as text', () => {
  const text =
    'gpt-5.2=input=1.5 output=12 cache_read=0.1, short=3/15, s=input=1 output=2;input=7 output=8 from=2026-01-01 provider=team';
  it('comes back as it was', () => {
    const read = readPrices(text);
    expect(read.get('short')).toEqual([{ rates: { input: 3, output: 15 } }]);
    expect(read.get('s')).toHaveLength(2);
    expect(readPrices(writePrices(read))).toEqual(read);
  });
  it('takes one price in place of another for the same day and provider', () => {
    const read = withPrice(readPrices(text), 's', {
      rates: { input: 9 },
      from: '2026-01-01',
      provider: 'team',
    });
    expect(read.get('s')).toEqual([
      { rates: { input: 1, output: 2 } },
      { rates: { input: 9 }, from: '2026-01-01', provider: 'team' },
    ]);
    expect(withoutPrice(read, 'short').has('short')).toBe(false);
    expect(withoutPrice(read, 's').get('s')).toHaveLength(1);
  });
  it('keeps the prices of service tiers apart', () => {
    const read = readPrices('m=input=1 output=2;input=5 output=9 tier=priority');
    expect(writePrices(read)).toBe('m=input=1 output=2;input=5 output=9 tier=priority');
    const edited = withPrice(read, 'm', { rates: { input: 3, output: 4 } });
    expect(edited.get('m')).toHaveLength(2);
    expect(withoutPrice(edited, 'm').get('m')).toEqual([
      { rates: { input: 5, output: 9 }, tier: 'priority' },
    ]);
    expect(withoutPrice(edited, 'm', { tier: 'priority' }).get('m')).toHaveLength(1);
  });
  it('says what is wrong', () => {
    expect(priceFault('', { rates: { input: 1 } })).toContain('model');
    expect(priceFault('a b', { rates: { input: 1 } })).toContain('blank');
    expect(priceFault('a', { rates: {} })).toContain('at least one');
    expect(priceFault('a', { rates: { input: Number('x') } })).toContain('dollars');
    expect(priceFault('a', { rates: { input: 1 }, from: 'soon' })).toContain('day');
    expect(priceFault('a', { rates: { input: 0 } })).toBeUndefined();
  });
});
