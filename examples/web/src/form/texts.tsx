// A form of texts, which a server may help to complete: the arguments of a
// prompt, the variables of a template.

import { type FormEvent, type ReactNode, useId, useRef, useState } from "react";
import { announce } from "../announce.js";
import type { Complete } from "../complete.js";
import { CompletedInput } from "./completed.js";

/** One text to fill in. */
export interface TextField {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly required: boolean;
}

interface Props {
  fields: readonly TextField[];
  complete: Complete | undefined;
  /** Called with what is filled in, after each change. */
  onChange?: (values: Record<string, string>) => void;
  /** Called with what is filled in, once all that is required is. */
  onSubmit: (values: Record<string, string>) => void;
  /** The buttons. */
  children: ReactNode;
}

/** Asks for texts. */
export function TextsForm({ fields, complete, onChange, onSubmit, children }: Props) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [checked, setChecked] = useState(false);
  const inputs = useRef(new Map<string, HTMLInputElement>());
  const id = useId();
  const empty = (name: string) => (values[name] ?? "") === "";
  const lacks = ({ name, required }: TextField) => required && empty(name);

  const change = (name: string, value: string) => {
    const next = { ...values, [name]: value };
    setValues(next);
    onChange?.(filled(next));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const lacking = fields.filter(lacks);
    setChecked(lacking.length > 0);
    const [first] = lacking;
    if (first === undefined) {
      onSubmit(filled(values));
      return;
    }
    announce(`Not sent: ${lacking.length === 1 ? "a field is" : `${lacking.length} fields are`} not right`);
    inputs.current.get(first.name)?.focus();
  };

  return (
    <form className="schema-form" onSubmit={submit} noValidate>
      {fields.map((field, index) => {
        const { name, title, description, required } = field;
        const wrong = checked && lacks(field);
        const own = `${id}-${index}`;
        const ask =
          complete && ((value: string, signal: AbortSignal) => complete({ name, value }, others(name), signal));
        return (
          <div key={name} className={wrong ? "field wrong" : "field"}>
            <label htmlFor={own}>
              {title ?? name}
              {!required && <span className="optional"> optional</span>}
            </label>
            {description && (
              <p id={`${own}-hint`} className="hint">
                {description}
              </p>
            )}
            <CompletedInput
              ref={(input) => {
                if (input !== null) inputs.current.set(name, input);
              }}
              id={own}
              label={title ?? name}
              value={values[name] ?? ""}
              onChange={(value) => change(name, value)}
              ask={ask}
              wrong={wrong}
              describedBy={`${own}-hint ${own}-wrong`}
            />
            <ul id={`${own}-wrong`} className="errors">
              {wrong && <li>This is required.</li>}
            </ul>
          </div>
        );
      })}
      <div className="buttons">{children}</div>
    </form>
  );

  function others(name: string): Record<string, string> {
    const { [name]: _, ...rest } = filled(values);
    return rest;
  }
}

// Without those that are empty.
function filled(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}
