// The browser's local storage. It can be forbidden; the page then remembers by itself, until it is reloaded.

const remembered = new Map();

export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return remembered.get(key) ?? null;
  }
}

/** Keeps the text; null takes it away. */
export function store(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    remembered.set(key, text);
  }
}
