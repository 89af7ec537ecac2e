// Signing in at a server's authorization server: in a pop-up that the click opens,
// or by leaving this page. What is got is kept in IndexedDB.

import { type AuthOptions, type LoginStatus, logout, RemoraError, whoami } from "remora-mcp";
import { indexedDBStore, type Popup, popup, redirect } from "remora-mcp/auth";

/** How a person signs in. */
export type Way = "popup" | "page";

/** What is needed to go on when the person is back on this page. Nothing of it is secret. */
export interface Resumed {
  url: string;
  protocolVersion: string;
}

const resumeKey = "remora-web sign-in";

/** The credentials of this page's servers. */
export class Login {
  readonly #store = indexedDBStore();
  readonly #popup: Popup = popup({ redirectUrl: "signed-in.html" });

  /** What to sign in with. Call it in the handler of the click: it opens the window. Throws auth/denied. */
  begin(way: Way, resume: Resumed): AuthOptions {
    if (way === "popup") {
      this.#popup.open();
      return this.#byPopup;
    }
    sessionStorage.setItem(resumeKey, JSON.stringify(resume));
    return { ...redirect(), store: this.#store };
  }

  /** Goes on after this page was left to sign in; undefined if it was not. */
  resume(): (Resumed & { auth: AuthOptions }) | undefined {
    const auth = redirect({ store: this.#store });
    const kept = sessionStorage.getItem(resumeKey);
    sessionStorage.removeItem(resumeKey);
    if (!auth.returned || kept === null) return undefined;
    return { ...(JSON.parse(kept) as Resumed), auth };
  }

  /** What to connect with, if somebody is signed in at the server. */
  async known(url: string, signal: AbortSignal): Promise<AuthOptions | undefined> {
    try {
      const { authorized } = await whoami(url, { auth: { store: this.#store }, signal });
      return authorized ? this.#byPopup : undefined;
    } catch {
      return undefined; // what is wrong with the address, connect says
    }
  }

  /** Who is signed in at the server. */
  async who(url: string): Promise<LoginStatus | undefined> {
    return whoami(url, { auth: { store: this.#store } }).catch(() => undefined);
  }

  /** Signs out. */
  async end(url: string): Promise<void> {
    await logout(url, { auth: { store: this.#store } });
  }

  /** Closes a window that nothing came of. */
  dismiss(): void {
    this.#popup.close();
  }

  get #byPopup(): AuthOptions {
    return { ...this.#popup, store: this.#store };
  }
}

/** Whether signing in may help. */
export function wantsLogin(error: unknown): boolean {
  return (
    error instanceof RemoraError &&
    (error.code === "auth/required" || error.code === "auth/denied" || error.code === "auth/refresh_failed")
  );
}
