import assert from "node:assert/strict";
import { LAN, scene } from "./person.js";

scene("without TLS in a local network, cookies and the counter work, with a warning", { address: LAN }, async (ada) => {
  assert.equal(await ada.page.evaluate(() => isSecureContext), false);
  await ada.sees("#plain-http", "opened without TLS");
  await ada.countsTo(1);
  await ada.at("#keep-variables").check();
  await ada.signsUpByCookie();
  const { name, secure, httpOnly } = await ada.cookie();
  assert.deepEqual({ name, secure, httpOnly }, { name: "daypass", secure: false, httpOnly: true });
  await ada.sees("#cookie-warning", "without TLS");
  await ada.countsTo(2);
  await ada.adds("Bread");
  await ada.photograph("local network");
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=good]", "deleted the cookie");
  assert.equal(await ada.cookie(), undefined);
});

scene("without the clipboard API the token can be copied, shown and selected", { address: LAN }, async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  assert.equal(await ada.page.evaluate(() => navigator.clipboard), undefined);
  await ada.at("#copy-token").click();
  await ada.sees("#token-outcome", "Copied the complete token.");
  await ada.at("#use-token-text").focus();
  await ada.page.keyboard.press("Control+V");
  assert.equal(await ada.at("#use-token-text").inputValue(), token);

  await ada.at("#complete-token > summary").click();
  const complete = ada.at("#complete-token-text");
  // The browser opens and closes the text before it reports that, so the page changes the text a moment later.
  const contains = (text) => ada.page.waitForFunction((wanted) => (
    document.querySelector("#complete-token-text").value === wanted), text);
  await contains(token);
  await complete.click();
  const selected = await complete.evaluate(({ selectionStart, selectionEnd }) => selectionEnd - selectionStart);
  assert.equal(selected, token.length);
  assert.equal(await complete.evaluate((field) => field.scrollHeight <= field.clientHeight + 1), true, "all of it is visible");
  await ada.photograph("complete token");
  await ada.at("#complete-token > summary").click();
  await contains("");

  await ada.page.evaluate(() => { document.execCommand = () => false; });
  await ada.at("#copy-token").click();
  await ada.sees("#token-outcome", "did not allow copying");
  await ada.hasFocusOn("#complete-token-text");
  assert.equal(await complete.inputValue(), token);
});

scene("the address for other devices is shown, with a QR code on request", { address: LAN, folded: true }, async (ada) => {
  await ada.at("#devices-title").click();
  await ada.sees("#address", LAN);
  await ada.seesNothingOf("#qr-code");
  await ada.at("#show-qr-code").click();
  await ada.page.waitForFunction(() => document.querySelector("#qr-code img")?.naturalWidth > 100);
  assert.equal(await ada.at("#qr-code img").getAttribute("alt"), `QR code of ${LAN}`);
  await ada.photograph("qr code");
  await ada.at("#show-qr-code").click();
  await ada.seesNothingOf("#qr-code");
});
