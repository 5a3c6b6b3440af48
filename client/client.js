// The entry: each panel opens itself, then the session begins, and the panels follow it.

import { openAccount } from "./account.js";
import { openAnatomy } from "./anatomy.js";
import { openClassroom } from "./classroom.js";
import { openCookie } from "./cookie.js";
import { openDeviceToken } from "./device-token.js";
import { openExits } from "./exits.js";
import { openItems } from "./items.js";
import { openPassword } from "./password.js";
import { start } from "./session.js";
import { openSessions } from "./sessions.js";
import { openTicket } from "./ticket.js";
import { openVariables } from "./variables.js";
import { openVerdict } from "./verdict.js";
import { openWorkoutLogs } from "./workout-logs.js";

openAnatomy();
openAccount();
openDeviceToken();
openExits();
openTicket();
openCookie();
openVerdict();
openVariables();
openSessions();
openItems();
openWorkoutLogs();
openPassword();
openClassroom();
start();
