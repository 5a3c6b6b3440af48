// A readable name for a device, from its user agent. Browsers include the names of older browsers, so the order
// matters: the first match is the right one. Versions are left out because they change too often.

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

const MAX_CHARACTERS = 48;

/** For example "Firefox on Linux". An unknown user agent is shown as sent, shortened. */
export function deviceOf(userAgent) {
  if (!userAgent) return "Unknown device";
  const program = nameIn(PROGRAMS, userAgent);
  const system = nameIn(SYSTEMS, userAgent);
  if (program) return system ? `${program} on ${system}` : program;
  return userAgent.length > MAX_CHARACTERS ? `${userAgent.slice(0, MAX_CHARACTERS - 1)}…` : userAgent;
}

const nameIn = (table, text) => table.find(([, pattern]) => pattern.test(text))?.[0];
