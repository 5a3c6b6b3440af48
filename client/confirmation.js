// The current password, with which users confirm changes of their account. Users without a password have signed in at a
// provider. The server accepts their changes if this sign-in is recent.

import { current, onChange } from "./session.js";

/** A server of an older version does not say it: there, each user has a password. */
export const hasPassword = () => current().user?.hasPassword !== false;

export function openConfirmation() {
  onChange(({ state }) => {
    if (state !== "accepted") return;
    for (const part of document.querySelectorAll(".by-password")) part.hidden = !hasPassword();
    for (const part of document.querySelectorAll(".no-password")) part.hidden = hasPassword();
  });
}

/** The member of a request that confirms it, from the fields of a form. */
export const confirmation = ({ currentPassword }) => (hasPassword() ? { currentPassword: currentPassword.value } : {});
