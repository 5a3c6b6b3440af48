// The entry: each panel opens itself, then the session begins, and the panels follow it.

import { openAccount } from "./account.js";
import { openAnatomy } from "./anatomy.js";
import { openItems } from "./items.js";
import { start } from "./session.js";
import { openTicket } from "./ticket.js";
import { openVerdict } from "./verdict.js";

openAnatomy();
openAccount();
openTicket();
openVerdict();
openItems();
start();
