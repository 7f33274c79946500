import { languageOf } from '../tools/language';
import { highlight } from './highlight';

/** Colours the code within a text that says its language. Words are put in as text, never as HTML. */
export function colour(element: HTMLElement): void {
  for (const code of element.querySelectorAll<HTMLElement>('pre > code')) {
    const name = /(?:^|\s)language-(\S+)/.exec(code.className)?.[1]?.toLowerCase();
    if (name === undefined) continue;
    const text = code.textContent;
    void highlight(text, languageOf(`code.${name}`) ?? name).then(
      (lines) => {
        if (lines !== undefined && code.textContent === text) code.replaceChildren(...words(lines));
      },
      () => undefined,
    );
  }
}

function words(lines: NonNullable<Awaited<ReturnType<typeof highlight>>>): Node[] {
  return lines.flatMap((line, at) => [
    ...(at === 0 ? [] : [document.createTextNode('\n')]),
    ...line.map(({ kind, text }) => {
      const word = document.createElement('span');
      word.className = kind;
      word.textContent = text;
      return word;
    }),
  ]);
}
