// The browser's local storage. If it is disabled, values are kept in memory until the page is reloaded.

const inMemory = new Map();

export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return inMemory.get(key) ?? null;
  }
}

/** Stores the text, or deletes it if it is null. */
export function store(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    inMemory.set(key, text);
  }
}
