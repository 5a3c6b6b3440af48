// The address of this page for other devices, as text and as a QR code, and the projector mode.

import { byId, element } from "./dom.js";

const { address, cookieSecure } = document.documentElement.dataset;

export function openDevices() {
  byId("plain-http").hidden = cookieSecure === "true" || location.protocol === "https:";
  const link = byId("address");
  link.hidden = address === "";
  link.href = address || location.origin;
  link.textContent = address;
  byId("address-hint").textContent = address
    ? "Other devices in this network open this page here:"
    : "Only this machine can open this page. Start the service with HOST=0.0.0.0 to open it from others.";
  const button = byId("show-qr-code");
  button.hidden = address === "";
  button.addEventListener("click", () => showQrCode(button));
  if (!new URLSearchParams(location.search).has("present")) return;
  document.documentElement.dataset.present = "";
  const present = byId("present");
  present.textContent = "Show this page in normal size";
  present.href = "/";
}

function showQrCode(button) {
  const box = byId("qr-code");
  const isShown = !box.hidden;
  box.hidden = isShown;
  button.textContent = isShown ? "Show a QR code" : "Hide the QR code";
  if (isShown) return box.replaceChildren();
  const image = element("img");
  image.src = "/client/qr.svg";
  image.alt = `QR code of ${address}`;
  box.replaceChildren(image);
}
