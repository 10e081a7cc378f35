// All cases against Microsoft's stand-in; started by ../microsoft.test.mjs, which provides sandbox and certificate.

import "./sign-in.mjs";
import "./calendars.mjs";
import "./events.mjs";
import "./meetings.mjs";
import "./changes.mjs";
import "./failures.mjs";
import "./application.mjs";
