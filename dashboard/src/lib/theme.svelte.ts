/** Light, dark, or as the system has it. `theme-first.js` applies it before the first paint. */

export type Choice = 'light' | 'dark' | 'system';

const NAME = 'weir.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): Choice {
  try {
    const choice = localStorage.getItem(NAME);
    return choice === 'light' || choice === 'dark' ? choice : 'system';
  } catch {
    return 'system';
  }
}

let choice = $state<Choice>(stored());
let systemDark = $state(system.matches);
system.addEventListener('change', (event) => {
  systemDark = event.matches;
  apply();
});

function apply(): void {
  document.documentElement.dataset['theme'] = theme.dark ? 'dark' : 'light';
}

export const theme = {
  get choice(): Choice {
    return choice;
  },
  get dark(): boolean {
    return choice === 'dark' || (choice === 'system' && systemDark);
  },
  set(next: Choice): void {
    choice = next;
    try {
      if (next === 'system') localStorage.removeItem(NAME);
      else localStorage.setItem(NAME, next);
    } catch {
      // No storage: it holds until the page is closed.
    }
    apply();
  },
  /** Light, dark, system, light, ... */
  next(): void {
    theme.set(choice === 'light' ? 'dark' : choice === 'dark' ? 'system' : 'light');
  },
};
