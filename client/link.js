// Codes in links, such as `#invitation=CODE`. The server never gets the part after the `#`.

/**
 * Calls `use` with the code of such a link, now or when the address changes. The code is removed from the address bar and
 * the history.
 */
export function onLink(name, use) {
  const take = () => {
    const code = new URLSearchParams(location.hash.slice(1)).get(name);
    if (code === null) return;
    history.replaceState(history.state, "", location.pathname + location.search);
    use(code);
  };
  window.addEventListener("hashchange", take);
  take();
}
