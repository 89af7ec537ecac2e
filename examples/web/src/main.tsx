// Begins. `?url=...` in the page's address fills in the server's.

import { createRoot } from "react-dom/client";
import { App } from "./app.js";

const place = document.getElementById("page");
if (place === null) throw new Error("index.html has no place for the page");
createRoot(place).render(<App url={new URLSearchParams(location.search).get("url") ?? ""} />);
