import { describe, expect, it } from 'vitest';
import { viewRequest } from '../dialects';
import { byLine, highlight, tokens } from './highlight';
import { toHtml } from './markdown';
import { decodedSize } from './files';
import { preview } from './preview';

describe('Markdown', () => {
  const HOSTILE = [
    '<script>window.hostile=1</script>',
    '<img src=x onerror=alert(1)>',
    '[a](javascript:alert(1))',
    '[a](data:text/html,<script>alert(1)</script>)',
    '![a](https://elsewhere.example/track.png)',
    '<svg/onload=alert(1)>',
    '<a href="jAvAsCrIpT:alert(1)">x</a>',
    '`<img src=x onerror=alert(1)>`',
    '```\n</code></pre><script>alert(1)</script>\n```',
    '<style>*{display:none}</style>',
    '<iframe src="//elsewhere.example"></iframe>',
    '| a |\n|---|\n| <b onclick=alert(1)>x</b> |',
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  ];
  it('makes nothing that can run or fetch', () => {
    for (const text of HOSTILE) {
      const made = document.createElement('div');
      made.innerHTML = toHtml(text);
      expect(
        made.querySelectorAll('script,img,svg,iframe,style,object,embed,form,math'),
      ).toHaveLength(0);
      for (const one of made.querySelectorAll('*')) {
        for (const name of one.getAttributeNames()) {
          expect(['href', 'class', 'align', 'start', 'target', 'rel']).toContain(name);
        }
        expect(one.getAttribute('href') ?? 'https://').toMatch(/^https?:\/\//);
      }
    }
  });
  it('shows HTML as the text that it is', () => {
    const made = document.createElement('div');
    made.innerHTML = toHtml('a <b>bold</b> & <script>x</script>');
    expect(made.textContent.trim()).toBe('a <b>bold</b> & <script>x</script>');
  });
  it('is Markdown', () => {
    expect(toHtml('**a**\n\n- b\n\n`c`')).toContain('<strong>a</strong>');
    expect(toHtml('[x](https://a.example/)')).toContain('rel="noopener noreferrer nofollow"');
  });
});

describe('the highlighter', () => {
  it('loses no character of the code', async () => {
    const code = 'fn main() {\n    let a = "<b>&amp;\'";\n}\n// </span>\n';
    const lines = await highlight(code, 'rust');
    expect(lines?.map((line) => line.map((one) => one.text).join('')).join('\n')).toBe(code);
    expect(await highlight('x', 'no such language')).toBeUndefined();
    expect(await highlight('x', '__proto__')).toBeUndefined();
  });
  it('reads its spans', () => {
    expect(tokens('<span class="hljs-string">&quot;a&lt;</span>b')).toEqual([
      { kind: 'hljs-string', text: '"a<' },
      { kind: '', text: 'b' },
    ]);
    expect(byLine([{ kind: 'x', text: 'a\nb' }])).toEqual([
      [{ kind: 'x', text: 'a' }],
      [{ kind: 'x', text: 'b' }],
    ]);
  });
});

describe('a preview', () => {
  const of = (content: unknown): string => {
    const one = viewRequest('anthropic_messages', { messages: [{ role: 'user', content }] })
      .messages[0];
    return one === undefined ? '' : preview(one);
  };
  it('is one line without reminders, with what there is instead of words', () => {
    expect(of('<system-reminder>x</system-reminder>a\n\n  b')).toBe('a b');
    expect(of('<system-reminder>x</system-reminder>')).toBe('[System reminder]');
    expect(of([{ type: 'tool_use', name: 'Bash' }])).toBe('[Tool call: Bash]');
    expect(of([])).toBe('[Empty]');
    expect(of('  ')).toBe('[Context message]');
    expect(of('x'.repeat(900)).length).toBe(301);
  });
});

describe('base64', () => {
  it('has its size', () => {
    expect(['', 'QQ==', 'QUI=', 'QUJD'].map(decodedSize)).toEqual([0, 1, 2, 3]);
  });
});
