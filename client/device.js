// What a person would call a device, told from the user agent it sent. Browsers claim to be their forebears, so the
// order matters: the first name that fits is the right one. Versions are left out: they change by the week.

const PROGRAMS = [
  ["Edge", /\bEdg(e|A|iOS)?\//],
  ["Opera", /\b(OPR|OPiOS|OPT)\//],
  ["Samsung Internet", /\bSamsungBrowser\//],
  ["Firefox", /\b(Firefox|FxiOS)\//],
  ["Chrome", /(Chrome|Chromium|CriOS)\//],
  ["Safari", /\bVersion\/.*\bSafari\//],
  ["curl", /^curl\//],
  ["Wget", /^Wget\//i],
  ["HTTPie", /^HTTPie\//],
  ["Postman", /^PostmanRuntime\//],
  ["Insomnia", /^insomnia\//i],
  ["Node.js", /^(node|undici)\b/],
  ["Python", /^(python-|Python\/|aiohttp)/i],
  ["Go", /^Go-http-client\//],
];

const SYSTEMS = [
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Android", /\bAndroid\b/],
  ["Windows", /\bWindows NT\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["macOS", /\bMacintosh\b/],
  ["Linux", /\bLinux\b/],
];

const MOST_CHARACTERS = 48;

/** "Firefox on Linux"; what is not in the tables as it was sent, shortened. */
export function deviceOf(userAgent) {
  if (!userAgent) return "Something without a name";
  const program = nameIn(PROGRAMS, userAgent);
  const system = nameIn(SYSTEMS, userAgent);
  if (program) return system ? `${program} on ${system}` : program;
  return userAgent.length > MOST_CHARACTERS ? `${userAgent.slice(0, MOST_CHARACTERS - 1)}…` : userAgent;
}

const nameIn = (table, text) => table.find(([, pattern]) => pattern.test(text))?.[0];
