// The workout logs of the user: description, definition (how it was measured) and result.

import { openListing } from "./listing.js";

export const openWorkoutLogs = () => openListing({
  path: "/api/workout-logs",
  one: "log",
  many: "logs",
  spoken: { one: "workout log", many: "workout logs" },
  title: "description",
  // A conflict may concern any of the three members, so it shows all of them.
  describe: ({ description, definition, result }) => [description, definition, result].filter(Boolean).join(", "),
  saved: (description) => `Saved ${description}.`,
});
