const STORED_AS = 'portside-api-key';

const changes = new EventTarget();
let key = stored();

/** The viewer's API key. It lives as long as the tab, and goes nowhere but into requests to the service. */
export const apiKey = {
  /** @returns {string | undefined} */
  get: () => key,

  /** @param {string | undefined} value undefined forgets it */
  set(value) {
    key = value;
    try {
      if (value === undefined) sessionStorage.removeItem(STORED_AS);
      else sessionStorage.setItem(STORED_AS, value);
    } catch {
      // A browser that keeps nothing for pages still has it until the page is left.
    }
    changes.dispatchEvent(new Event('change'));
  },

  /**
   * @param {() => void} listener
   * @param {AbortSignal} [signal] ends it
   */
  onChange: (listener, signal) => changes.addEventListener('change', listener, { signal }),
};

function stored() {
  try {
    return sessionStorage.getItem(STORED_AS) ?? undefined;
  } catch {
    return undefined;
  }
}
