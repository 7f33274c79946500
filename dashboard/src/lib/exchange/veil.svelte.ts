// Whether texts are blurred, for a screen that others see. The choice stays for as long as the tab.

const NAME = 'weir.veil';

function kept(): boolean {
  try {
    return sessionStorage.getItem(NAME) === '1';
  } catch {
    return false;
  }
}

let on = $state(kept());

export const veil = {
  get on(): boolean {
    return on;
  },
  toggle(): void {
    on = !on;
    try {
      sessionStorage.setItem(NAME, on ? '1' : '0');
    } catch {
      // Not kept then.
    }
  },
};
