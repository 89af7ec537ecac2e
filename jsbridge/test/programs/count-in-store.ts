// Adds to a number in a file that other processes add to as well.

import { fileStore } from "remora-mcp/auth/node";
import { add } from "../support/store-contract.js";

const [, , path = "", times = "0"] = process.argv;
await add(fileStore(path), Number(times));
