// The workout logs of the user: what was done, how it was measured, what came of it.

import { openListing } from "./listing.js";

export const openWorkoutLogs = () => openListing({
  path: "/api/workout-logs",
  one: "log",
  many: "logs",
  spoken: { one: "workout log", many: "workout logs" },
  title: "description",
  // A conflict may be about any of the three, so it names them all.
  tell: ({ description, definition, result }) => [description, definition, result].filter(Boolean).join(", "),
  saved: (description) => `Saved ${description}.`,
});
