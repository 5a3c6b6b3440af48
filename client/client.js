// The entry point: wires each panel, then restores the session. The panels listen to its changes.

import { openAccount } from "./account.js";
import { openRequests } from "./requests.js";
import { openClassroom } from "./classroom.js";
import { openCookie } from "./cookie.js";
import { openDevices } from "./devices.js";
import { openDeviceToken } from "./device-token.js";
import { openEnded } from "./ended.js";
import { openSignOut } from "./sign-out.js";
import { openItems } from "./items.js";
import { openPassword } from "./password.js";
import { start } from "./session.js";
import { openSummary } from "./summary.js";
import { openSessions } from "./sessions.js";
import { openToken } from "./token.js";
import { openVariables } from "./variables.js";
import { openResult } from "./result.js";
import { watchSession } from "./watch.js";
import { openWorkoutLogs } from "./workout-logs.js";

openRequests();
openSummary();
openAccount();
openDeviceToken();
openSignOut();
openToken();
openCookie();
openResult();
openEnded();
openVariables();
openSessions();
openItems();
openWorkoutLogs();
openPassword();
openClassroom();
openDevices();
watchSession();
start();
