// What screen readers say when something happens that is not where the focus is.

import { Cell, useCell } from "./cell.js";

const said = new Cell("");

/** Has it read out, when the person is not being told something else. */
export function announce(text: string): void {
  said.set(text);
}

/** Where announcements are read from. One a page. */
export function Announcements() {
  return (
    <div className="unseen" role="status">
      {useCell(said)}
    </div>
  );
}
