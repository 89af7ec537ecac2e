// Signing in, and who is signed in.

import { type Way, wantsLogin } from "./login.js";
import type { Connection, Session } from "./session.js";

/** Offers to sign in, where that may help. */
export function SignIn({ session, connection }: { session: Session; connection: Connection & { at: "failed" } }) {
  if (!wantsLogin(connection.error)) return null;
  // The window has to be opened by the click itself.
  const signIn = (way: Way) => () => session.signIn(connection.target, way);
  return (
    <div className="sign-in">
      <button type="button" className="primary" onClick={signIn("popup")}>
        Sign in
      </button>
      <button type="button" onClick={signIn("page")}>
        Sign in on this page
      </button>
    </div>
  );
}

/** Says who is signed in at the server, and offers to sign out. */
export function SignedIn({ session, connection }: { session: Session; connection: Connection & { at: "ready" } }) {
  const { who } = connection;
  if (who === undefined || !who.authorized) return null;
  return (
    <p className="signed-in">
      Signed in{who.subject !== undefined && ` as ${who.subject}`} at {who.issuer}
      {who.scopes !== undefined && who.scopes.length > 0 && `, for ${who.scopes.join(", ")}`}.{" "}
      <button type="button" onClick={() => void session.signOut()}>
        Sign out
      </button>
    </p>
  );
}
