/** What whoever is logged in may do with what is managed: nothing is offered that would be refused. */
import { api } from '$lib/api/client';
import type { Role } from '$lib/api/types';

/** Each may do what those before it may. */
const ROLES: readonly Role[] = ['read', 'operate', 'admin'];

let role = $state.raw<Role>();
let asked: Promise<void> | undefined;

async function ask(): Promise<void> {
  try {
    ({ role } = await api.manage.me());
  } catch (error) {
    asked = undefined;
    throw error;
  }
}

/**
 * A fetch that ends when the role is known too, so that what may be done does not come later than what is
 * shown. It is asked for after the data: the audit would tell a second time of somebody who has no
 * credential.
 */
export function known<T, From extends unknown[]>(
  fetch: (...from: From) => Promise<T>,
): (...from: From) => Promise<T> {
  return async (...from) => {
    const data = await fetch(...from);
    // Once for all pages: logging in and out load everything anew.
    await (asked ??= ask());
    return data;
  };
}

/** Whether they may do what takes this role; of nobody it is known before something was fetched by `known`. */
export function may(needed: Role): boolean {
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
