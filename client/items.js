// The items of the user. An item has only a name.

import { openListing } from "./listing.js";

export const openItems = () => openListing({
  path: "/api/items",
  one: "item",
  many: "items",
  spoken: { one: "item", many: "items" },
  title: "name",
  describe: ({ name }) => name,
  saved: (name) => `Renamed to ${name}.`,
});
