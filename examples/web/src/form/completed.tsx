// A text field with suggestions, by the pattern "editable combobox with list
// autocomplete" of the ARIA Authoring Practices: the focus stays in the field,
// arrow keys go over the suggestions, Enter takes one, Escape puts them away.

import { type KeyboardEvent, type Ref, useEffect, useId, useRef, useState } from "react";
import { type Ask, useSuggestions } from "./suggest.js";

interface Props {
  id: string;
  /** What the field is called, for those who hear it. */
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Asks the server. Without it, it is a plain field. */
  ask: Ask | undefined;
  wrong: boolean;
  describedBy: string;
  ref: Ref<HTMLInputElement>;
}

/** The field. */
export function CompletedInput({ id, label, value, onChange, ask, wrong, describedBy, ref }: Props) {
  const { open, suggestions, failed, suggest, close } = useSuggestions(ask, label);
  const [at, setAt] = useState(-1);
  const list = useId();
  const active = useRef<HTMLDivElement>(null);
  const { values, more } = suggestions;
  // biome-ignore lint/correctness/useExhaustiveDependencies: other suggestions, nothing chosen of them
  useEffect(() => setAt(-1), [values]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is scrolled to depends on at
  useEffect(() => {
    active.current?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const take = (taken: string) => {
    onChange(taken);
    close();
  };
  const move = (by: 1 | -1) => {
    if (!open) void suggest(value, "now");
    // One place more than there are suggestions: the field itself.
    else setAt((before) => ((before + 1 + by + values.length + 1) % (values.length + 1)) - 1);
  };
  const press = (event: KeyboardEvent) => {
    const chosen = values[at];
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape" && open) close();
    else if (event.key === "Enter" && open && chosen !== undefined) take(chosen);
    else return;
    event.preventDefault();
  };
  const common = {
    id,
    type: "text",
    value,
    autoComplete: "off",
    spellCheck: false,
    "aria-invalid": wrong,
    "aria-describedby": describedBy,
  } as const;

  if (ask === undefined) return <input ref={ref} {...common} onChange={(event) => onChange(event.target.value)} />;
  return (
    <div className="completed">
      <input
        ref={ref}
        {...common}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={open}
        aria-controls={open ? list : undefined}
        aria-activedescendant={open && at >= 0 ? `${list}-${at}` : undefined}
        onChange={(event) => {
          onChange(event.target.value);
          void suggest(event.target.value, "soon");
        }}
        onClick={() => {
          if (!open) void suggest(value, "now");
        }}
        onKeyDown={press}
        onBlur={close}
      />
      {open && (
        <div className="suggestions">
          {/* The mouse must not take the focus out of the field. */}
          <div id={list} role="listbox" aria-label={`Suggestions for ${label}`} onMouseDown={(e) => e.preventDefault()}>
            {values.map((suggestion, index) => (
              <div
                key={suggestion}
                ref={index === at ? active : undefined}
                id={`${list}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === at}
                onMouseUp={() => take(suggestion)}
              >
                {suggestion}
              </div>
            ))}
          </div>
          {more !== 0 && <p className="note">{more === "some" ? "There are more" : `${more} more`}: type on.</p>}
        </div>
      )}
      {failed && <p className="note">The server has no suggestions for this.</p>}
    </div>
  );
}
