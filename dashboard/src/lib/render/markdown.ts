// Markdown to HTML that can do nothing: HTML within it is shown as the text that it is, and what the library makes goes
// through the sanitiser with a short list of what may stay. Only `Markdown.svelte` may use this.

import DOMPurify from 'dompurify';
import { Marked, type Tokens } from 'marked';

const TAGS = [
  'p',
  'br',
  'hr',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ul',
  'ol',
  'li',
  'blockquote',
  'pre',
  'code',
  'em',
  'strong',
  'del',
  'a',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'span',
];

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  async: false,
  renderer: {
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return escaped(text);
    },
    /** A picture would be a request to somebody: it is named, not fetched. */
    image({ href, text }: Tokens.Image): string {
      return `<span class="picture">[${escaped(text === '' ? 'image' : text)}: ${escaped(href)}]</span>`;
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return checked ? '\u2611 ' : '\u2610 ';
    },
  },
});

const clean = DOMPurify(window);
clean.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return;
  const href = node.getAttribute('href') ?? '';
  if (!/^https?:\/\//i.test(href)) {
    node.removeAttribute('href');
    return;
  }
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer nofollow');
});

/** Longer texts are not worth the time that this takes: they are shown as they are. */
export const LONGEST = 100_000;

export function toHtml(text: string): string {
  let html: string;
  try {
    html = marked.parse(text, { async: false });
  } catch {
    html = `<p>${escaped(text)}</p>`;
  }
  return clean.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ['href', 'class', 'align', 'start'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}

/** Whether the text has anything in it that Markdown would show differently. */
export function isMarkdown(text: string): boolean {
  return /[*_`#[\]|~>]|^\s*(?:[-+]|\d+\.)\s|https?:\/\//m.test(text);
}
