/** What is wrong with a form of a project or a token: at its fields, and in a sentence at its end. */
import { ApiError } from '$lib/api/client';
import { saying } from '$lib/ui/toast.svelte';
import type { Faults } from './spec';

export class FormFaults {
  /** By the field's name in the API. */
  of = $state.raw<Faults>({});
  told = $state('');
  /** Somebody else has changed it in the meantime. */
  late = $state(false);

  /** Takes what is wrong with what was typed; says whether it can be sent. */
  fits(found: Faults): boolean {
    this.of = found;
    const fits = Object.keys(found).length === 0;
    // Wherever the field is, it is said here that there is one.
    this.told = fits ? '' : 'Something is not as it should be: see the fields in red.';
    return fits;
  }

  /** Takes why it was refused. */
  refused(error: unknown): void {
    this.late = error instanceof ApiError && error.status === 412;
    if (this.late) return;
    if (error instanceof ApiError && error.field !== undefined)
      this.of = { [error.field]: saying(error) };
    this.told = saying(error);
  }

  clear(): void {
    this.of = {};
    this.told = '';
    this.late = false;
  }
}
