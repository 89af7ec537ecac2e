// login, logout and whoami: credentials for a server, with no session kept.

import { type AuthOptions, type AuthSettings, readAuth } from "./auth-options.js";
import { badArgument } from "./errors.js";
import type { LoginStatus } from "./generated/wire.js";
import type { CallOnce, DiscoverOptions } from "./once.js";

/** Options of logout and whoami: those of discover, with auth, whose store must be given. */
export interface LoginStatusOptions extends DiscoverOptions {
  auth: AuthOptions;
}

/** Options of login. */
export interface LoginOptions extends LoginStatusOptions {
  /** Gets a new token though there is one that is good: as somebody else, for instance. Default false. */
  again?: boolean | undefined;
}

/** login, logout and whoami of one platform. */
export interface Logins {
  /** Sees to it that there is a token. */
  login(server: string | URL, options: LoginOptions): Promise<LoginStatus>;
  /** Forgets the token. */
  logout(server: string | URL, options: LoginStatusOptions): Promise<LoginStatus>;
  /** Says what is known of the token. */
  whoami(server: string | URL, options: LoginStatusOptions): Promise<LoginStatus>;
}

/** Makes login, logout and whoami from what makes one call. */
export function loginsOn(call: CallOnce): Logins {
  const status = async (command: "logout" | "whoami", server: string | URL, options: LoginStatusOptions) =>
    JSON.parse(await call(command, server, options, {}, readStored(options, false))) as LoginStatus;
  return {
    login: async (server, options) => {
      const auth = readStored(options, true);
      const { again, ...rest } = options;
      return JSON.parse(await call("login", server, rest, again === true ? { again } : {}, auth)) as LoginStatus;
    },
    logout: (server, options) => status("logout", server, options),
    whoami: (server, options) => status("whoami", server, options),
  };
}

function readStored(options: LoginStatusOptions, wanted: boolean): AuthSettings {
  if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
  const auth = readAuth(options.auth, undefined, wanted);
  if (auth === undefined) throw badArgument("options.auth must be given");
  if (options.auth.store === undefined) {
    throw badArgument("auth.store must be given: what a login gets is for clients that come later");
  }
  return auth;
}
