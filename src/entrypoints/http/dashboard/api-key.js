import { effect, signal } from './packages.js';

const STORED_AS = 'portside-api-key';

/** The viewer's API key. It lives as long as the tab, and goes nowhere but into requests to the service. */
export const apiKey = signal(stored());

effect(() => {
  const key = apiKey.value;
  try {
    if (key === undefined) sessionStorage.removeItem(STORED_AS);
    else sessionStorage.setItem(STORED_AS, key);
  } catch {
    // A browser that keeps nothing for pages still has it until the page is left.
  }
});

/** @returns {string | undefined} */
function stored() {
  try {
    return sessionStorage.getItem(STORED_AS) ?? undefined;
  } catch {
    return undefined;
  }
}
