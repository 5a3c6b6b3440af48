import { scene } from "./person.js";

// Writes docs/screenshot.png: SCREENSHOTS=../../docs DAYPASS_URL=… node --test screenshot.test.js
scene("the screenshot of the README", { folded: true, viewport: { width: 1280, height: 960 } }, async (ada) => {
  await ada.signsUp();
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]", "Valid");
  await ada.at("#tamper-claims").click();
  await ada.sees("#result[data-tone=bad]", "Rejected: 401 bad_signature");
  await ada.photograph("screenshot", { fullPage: false });
});
