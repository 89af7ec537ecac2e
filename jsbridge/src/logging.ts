// Logging (2025-11-25, server/utilities/logging).

import { badArgument } from "./errors.js";

/** How severe a log message is, the least severe first. */
export const loggingLevels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"] as const;

/** How severe a log message is. */
export type LoggingLevel = (typeof loggingLevels)[number];

/** Throws local/bad_argument for what is no level. */
export function checkLoggingLevel(level: unknown): void {
  if (!(loggingLevels as readonly unknown[]).includes(level)) {
    throw badArgument(`the level of logging must be one of ${loggingLevels.join(", ")}`);
  }
}
