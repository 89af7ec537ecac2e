// The page that the pop-up comes back to: it hands its address to the page that waits for it.

import { finishPopup } from "remora-mcp/auth";

finishPopup();
