// Small ways to build the page. Whatever comes from a server, a token or a person enters as text, never as markup.

export const byId = (id) => document.getElementById(id);

export function fromTemplate(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Writes an outcome where a screen reader hears it; `tone` is "good", "bad" or nothing. */
export function say(node, text, tone = "") {
  node.textContent = text;
  node.dataset.tone = tone;
}

/** Runs `act` when the button is pressed; a second press while the first is on its way does nothing. */
export function onPress(button, act) {
  let acting = false;
  button.addEventListener("click", async () => {
    if (acting) return;
    acting = true;
    try {
      await act();
    } finally {
      acting = false;
    }
  });
}

const toTheSecond = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const toTheMinute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const write = (format, date) => (Number.isNaN(date.getTime()) ? "not a time" : format.format(date));

export const localTime = (date) => write(toTheSecond, date);
export const localMinute = (date) => write(toTheMinute, date);

/** Gives the text to the clipboard; false where the browser has none to offer, as on plain HTTP away from localhost. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
