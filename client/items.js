// The items of the user: names, and nothing else.

import { openListing } from "./listing.js";

export const openItems = () => openListing({
  path: "/api/items",
  one: "item",
  many: "items",
  spoken: { one: "item", many: "items" },
  title: "name",
  tell: ({ name }) => name,
  saved: (name) => `Renamed to ${name}.`,
});
