import { describe, expect, it } from 'vitest';
import { asked, having, more, pageOf } from './audit';

describe('the audit in the address', () => {
  it('takes the filters that there are and no others', () => {
    const query = new URLSearchParams('search=revoke&actor=&outcome=denied&page=3&evil=1');
    expect(asked(query)).toEqual({ search: 'revoke', outcome: 'denied' });
    expect(pageOf(query)).toBe(3);
  });

  it('begins at the first page where it names none that there can be', () => {
    for (const text of ['', 'page=0', 'page=-1', 'page=x', 'page=1.5'])
      expect(pageOf(new URLSearchParams(text)), text).toBe(1);
  });

  it('leads from a value to all events with it', () => {
    expect(having('path', '/manage/a b')).toBe('/audit?path=%2Fmanage%2Fa+b');
  });

  it('tells what else an event says', () => {
    expect(more({ metadata: { origin: 'admin-ui', total_tokens: 2 } })).toBe(
      'origin: admin-ui, total_tokens: 2',
    );
    expect(more({ metadata: null })).toBe('');
  });
});
