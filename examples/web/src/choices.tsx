// A list of what the server has, to find something in and to choose from.

import { type ReactNode, useId, useState } from "react";
import { Failure } from "./failure.js";
import { Icon } from "./icon.js";
import type { Listed, Listing } from "./listing.js";
import { words } from "./words.js";

/** Something to choose. */
export interface Choice {
  readonly key: string;
  readonly title: string;
  /** A line on what it is. */
  readonly about?: string | undefined;
  readonly icons?: unknown;
}

/** Choices of what has a name that nothing else in its list has. */
export function named<T extends { name: string; description?: string; icons?: unknown }>(
  all: readonly T[],
  titleOf: (each: T) => string,
): Choice[] {
  return all.map((each) => ({
    key: each.name,
    title: titleOf(each),
    about: words(each.description),
    icons: each.icons,
  }));
}

/** Choices of one kind. */
export interface ChoiceGroup {
  readonly title?: string;
  readonly choices: readonly Choice[];
}

interface Props {
  label: string;
  /** What one of them is called, in the middle of a sentence. */
  one: string;
  many: string;
  groups: readonly ChoiceGroup[];
  chosen: string | undefined;
  onChoose: (key: string) => void;
}

/** The list, with a field to find something in it. */
export function Choices({ label, one, many, groups, chosen, onChoose }: Props) {
  const [filter, setFilter] = useState("");
  const id = useId();
  const wanted = filter.trim().toLowerCase();
  const fits = ({ key, title, about = "" }: Choice) => `${key} ${title} ${about}`.toLowerCase().includes(wanted);
  const shown = groups
    .map(({ title, choices }) => ({ title, choices: choices.filter(fits) }))
    .filter(({ choices }) => choices.length > 0);
  const all = groups.reduce((sum, { choices }) => sum + choices.length, 0);
  return (
    <nav className="choices" aria-label={label}>
      <label className="unseen" htmlFor={id}>
        Find a {one}
      </label>
      <input
        id={id}
        type="search"
        placeholder={all === 1 ? `Find a ${one}` : `Find one of ${all} ${many}`}
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <div className="choices-groups">
        {shown.map(({ title, choices }, index) => (
          <div key={title ?? "all"} className="choices-group">
            {title !== undefined && <h3 id={`${id}-${index}`}>{title}</h3>}
            <ul aria-labelledby={title === undefined ? undefined : `${id}-${index}`}>
              {choices.map(({ key, title, about, icons }) => (
                <li key={key}>
                  <button type="button" aria-current={key === chosen} onClick={() => onChoose(key)}>
                    <span className="choice-title">
                      <Icon icons={icons} />
                      {title}
                    </span>
                    {about && <span className="choice-about">{about}</span>}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
      {shown.length === 0 && <p className="note">No {one} has this in its name or description.</p>}
    </nav>
  );
}

/** What stands in the place of a list that is not there, or undefined if it is. */
export function missing<T>(listing: Listing<T>, listed: Listed<T>, many: string): ReactNode {
  if (listed.at === "none" || listed.at === "loading") {
    return (
      <p className="empty" role="status">
        Loading the {many} …
      </p>
    );
  }
  if (listed.at === "ready") return undefined;
  return (
    <div className="empty">
      <Failure error={listed.error} headline={`The ${many} cannot be listed`} />
      <button type="button" onClick={() => void listing.load()}>
        Try again
      </button>
    </div>
  );
}
