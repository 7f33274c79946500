/** Asks before something is done that cannot be undone: `if (await confirm({...})) ...`. */

export interface Question {
  title: string;
  /** What will happen, with its number. */
  text: string;
  /** The verb on the button. */
  action: string;
  danger?: boolean;
}

let asked = $state.raw<(Question & { answer: (yes: boolean) => void }) | null>(null);

export const question = {
  get open() {
    return asked;
  },
};

export function confirm(what: Question): Promise<boolean> {
  asked?.answer(false);
  return new Promise((resolve) => {
    asked = {
      ...what,
      answer(yes) {
        asked = null;
        resolve(yes);
      },
    };
  });
}
