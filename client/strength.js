// Estimates how long an attacker with a stolen database needs to guess a password. It is rough: it has about thirty
// common passwords and no dictionary, so pieces that look like words count little. The server decides.

export const GUESSES_A_SECOND = 10_000;

const COMMON = ("password passwort passw0rd qwerty letmein welcome admin dragon monkey iloveyou sunshine princess " +
  "football baseball superman batman master shadow michael jordan hunter trustno1 changeme secret hello charlie " +
  "freedom whatever starwars pokemon correcthorsebatterystaple").split(" ");
const FILLERS = "a an the i you he we it my me to be is am or and not no of in on at for".split(" ");
const ROWS = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm",
  "yxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "!@#$%^&*()"];
const RUNS = ROWS.flatMap((row) => [row, [...row].reverse().join("")]);
const LOOKALIKES = { 0: "o", 1: "i", 3: "e", 4: "a", 5: "s", 7: "t", "@": "a", $: "s", "!": "i" };
const KINDS = [[/\p{Ll}/u, 26], [/\p{Lu}/u, 26], [/\d/, 10], [/[^\p{L}\d]/u, 33], [/[^\0-\x7f]/, 100]];
const WORD = /(?:\p{Lu}?\p{Ll}|\p{Lu})(?:\p{Ll}|[013457@$!](?=\p{Ll}))*|\p{Lu}+/uy;
const UNPRONOUNCEABLE = /^[b-df-hj-np-tv-xz]*$|[b-df-hj-np-tv-xz]{5}|[jv][b-df-hj-np-tv-xz]|q(?!u)/;
const BETWEEN_WORDS = /^[ _.-]?$/;
// Each level with its maximum number of guesses. A thousand machines guess every "fair" password within three years.
const LEVELS = [["very weak", 1e6], ["weak", 1e12], ["fair", 1e15], ["strong", Infinity]];

/** `{level, name, seconds}`: 1 to 4, its name, and the average time one machine needs. */
export function estimate(password, username) {
  const text = password.normalize("NFKC").slice(0, 100);
  const guesses = 2 ** (bits(text, [...COMMON, username.normalize("NFKC").toLowerCase()]) - 1);
  const level = LEVELS.findIndex(([, end]) => guesses < end);
  return { level: level + 1, name: LEVELS[level][0], seconds: guesses / GUESSES_A_SECOND };
}

/** The bits of the longest pieces that are easier to guess than single characters, plus those of the other characters. */
function bits(text, words) {
  const lower = text.toLowerCase();
  if (words.includes(lower.replace(/[ _.-]/g, ""))) return 5;
  const plain = inLetters(lower);
  const single = Math.log2(poolOf(text));
  let [sum, left] = [0, []];
  for (let at = 0; at < text.length;) {
    const found = [...known(at), repeated(at), sequence(at), year(at), word(at)].filter(Boolean);
    const [length, cost] = found.reduce((best, piece) => (piece[0] > best[0] ? piece : best), [0]);
    if (length) sum += cost;
    else left.push(text[at]);
    at += length || 1;
  }
  // Characters next to a word are easy to guess. Without any word, each character counts as random.
  const each = sum === 0 ? () => single : (sign) => (/[ _.-]/.test(sign) ? 1 : Math.log2(poolOf(sign)));
  return left.reduce((all, sign) => all + each(sign), sum);

  function known(at) {
    const here = words.filter((word) => word.length > 2 && (lower.startsWith(word, at) || plain.startsWith(word, at)));
    // Next to three other words, a common word may have been chosen at random.
    const others = lower.split(/[ _.-]+/).filter((part) => part.length > 2 && !words.includes(part));
    return here.map((word) => [word.length, others.length > 2 && word !== words.at(-1) ? 12 : 5]);
  }
  function repeated(at) {
    const [all, block] = lower.slice(at).match(/^(.+?)\1+/su) ?? [""];
    return all.length > 2 && [all.length, (block.length === 1 ? single : bits(block, words)) + Math.log2(all.length)];
  }
  function sequence(at) {
    let length = 2;
    while (at + length < lower.length && RUNS.some((run) => run.includes(lower.slice(at, at + length + 1)))) length += 1;
    return length > 2 && [length, 4 + Math.log2(length)];
  }
  function year(at) {
    return /^(19|20)\d\d/.test(text.slice(at)) && [4, 7];
  }
  function word(at) {
    WORD.lastIndex = at;
    const [{ length }] = WORD.exec(text) ?? [""];
    const letters = lower.slice(at, at + length);
    const alone = [text.charAt(at - 1), text.charAt(at + length)].every((sign) => BETWEEN_WORDS.test(sign));
    if (length < (alone ? 1 : 4)) return undefined;
    if (alone && FILLERS.includes(letters)) return [length, 4];
    if (UNPRONOUNCEABLE.test(inLetters(letters))) return undefined;
    // Between spaces it is one dictionary word. A run of letters may be several words or none.
    const each = alone && length < text.length && length <= 10 ? 1 : 3;
    return [length, Math.min(12 + each * Math.max(length - 4, 0), single * length)];
  }
}

const poolOf = (text) => KINDS.reduce((sum, [kind, size]) => (kind.test(text) ? sum + size : sum), 0) || 2;
const inLetters = (text) => text.replace(/[013457@$!]/g, (sign) => LOOKALIKES[sign]);
