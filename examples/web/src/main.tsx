// Begins. `?url=...` in the page's address fills in the server's.

import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { Session } from "./session.js";

const place = document.getElementById("page");
if (place === null) throw new Error("index.html has no place for the page");
const session = new Session();
const url = session.resume() ?? new URLSearchParams(location.search).get("url") ?? "";
createRoot(place).render(<App session={session} url={url} />);
