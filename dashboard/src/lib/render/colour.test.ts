import { expect, it, vi } from 'vitest';
import { colour } from './colour';
import { toHtml } from './markdown';

it('colours code in its language and leaves its text as it is', async () => {
  const element = document.createElement('div');
  const code = 'const x = "<script>hostile()</script>";\nreturn x;';
  element.innerHTML = toHtml(
    `see\n\n\`\`\`ts\n${code}\n\`\`\`\n\n\`\`\`\nconst plain = 1;\n\`\`\``,
  );
  colour(element);
  await vi.waitFor(() => expect(element.querySelector('.hljs-keyword')?.textContent).toBe('const'));
  const [first, second] = element.querySelectorAll('pre > code');
  expect(first?.textContent.trim()).toBe(code);
  expect(second?.children).toHaveLength(0);
  expect(element.querySelector('script')).toBeNull();
});
