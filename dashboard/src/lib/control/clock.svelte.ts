/** The moment, for what counts down: moves once a second while a page that asks is there. */

export class Clock {
  now = $state(Date.now());

  constructor() {
    $effect(() => {
      const timer = setInterval(() => {
        if (!document.hidden) this.now = Date.now();
      }, 1000);
      return () => clearInterval(timer);
    });
  }
}
