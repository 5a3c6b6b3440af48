// Helpers that build the page. All data is inserted as text, never as markup.

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

/** Writes an outcome into a live region. `tone` is "good", "bad" or empty. */
export function say(node, text, tone = "") {
  node.textContent = text;
  node.dataset.tone = tone;
}

/** Runs `act` when the button is pressed. Ignores further presses until it is done. */
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

const write = (format, date) => (Number.isNaN(date.getTime()) ? "unknown time" : format.format(date));

export const localTime = (date) => write(toTheSecond, date);
export const localMinute = (date) => write(toTheMinute, date);

/** Copies the text. Returns false if the browser does not allow it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Over plain HTTP from another machine there is no clipboard API.
function copyBySelection(text) {
  const focused = document.activeElement;
  const field = element("textarea", "unseen");
  field.value = text;
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    focused?.focus();
  }
}
