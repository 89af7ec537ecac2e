// A form made from a JSON Schema, with the way out of writing JSON.

// By its file: the index also has what only tests use, and imports a validator that generates code.
import Form from "@rjsf/core/lib/components/Form.js";
import type { RJSFSchema } from "@rjsf/utils";
import { Component, type FormEvent, type ReactNode, useId, useMemo, useRef, useState } from "react";
import { announce } from "../announce.js";
import { parseExactly } from "../json.js";
import { asksNothing, formSchema } from "./schema.js";
import { templates } from "./templates.js";
import { validator } from "./validator.js";

type Values = Record<string, unknown>;

interface Props {
  /** The schema, as the server sent it. */
  schema: unknown;
  /** Called with the values, once they fit the schema. */
  onSubmit: (values: Values) => void;
  /** The buttons. The first of type submit is pressed by Enter. */
  children: ReactNode;
  /** Whether the person may write JSON instead. */
  offerJson?: boolean;
}

/** Asks for what a schema describes. */
export function SchemaForm({ schema, onSubmit, children, offerJson = false }: Props) {
  const usable = useMemo(() => formSchema(schema), [schema]);
  const [values, setValues] = useState<Values>({});
  const [asJson, setAsJson] = useState(false);
  const [broken, setBroken] = useState(false);
  const impossible = usable === undefined || broken;

  if (impossible || asJson) {
    return (
      <JsonForm values={values} onSubmit={onSubmit}>
        {impossible && <p className="note">No form can be made of this schema. Write the input as JSON.</p>}
        {!impossible && (
          <button type="button" className="link" onClick={() => setAsJson(false)}>
            Fill in the form
          </button>
        )}
        <div className="buttons">{children}</div>
      </JsonForm>
    );
  }
  return (
    <Guard onBroken={() => setBroken(true)}>
      <Fields schema={usable} values={values} onChange={setValues} onSubmit={onSubmit}>
        {asksNothing(usable) && <p className="hint">There is nothing to fill in.</p>}
        <div className="buttons">
          {children}
          {offerJson && (
            <button type="button" className="link" onClick={() => setAsJson(true)}>
              Write JSON instead
            </button>
          )}
        </div>
      </Fields>
    </Guard>
  );
}

const uiSchema = { "ui:submitButtonOptions": { norender: true }, "ui:label": false };

function Fields(props: {
  schema: RJSFSchema;
  values: Values;
  onChange: (values: Values) => void;
  onSubmit: (values: Values) => void;
  children: ReactNode;
}) {
  const { schema, values, onChange, onSubmit, children } = props;
  const prefix = useId().replace(/\W/g, "");
  // The tool has a heading of its own.
  const bare = useMemo(() => ({ ...schema, title: "", description: "" }), [schema]);
  return (
    <Form
      className="schema-form"
      schema={bare}
      uiSchema={uiSchema}
      validator={validator}
      templates={templates}
      idPrefix={`form-${prefix}`}
      formData={values}
      noHtml5Validate
      showErrorList={false}
      focusOnFirstError
      experimental_defaultFormStateBehavior={{
        emptyObjectFields: "skipEmptyDefaults",
        arrayMinItems: { populate: "requiredOnly" },
      }}
      onChange={({ formData }) => onChange(formData as Values)}
      onError={(errors) =>
        announce(`Not sent: ${errors.length === 1 ? "a field is" : `${errors.length} fields are`} not right`)
      }
      onSubmit={({ formData }) => onSubmit((formData ?? {}) as Values)}
    >
      {children}
    </Form>
  );
}

function JsonForm(props: { values: Values; onSubmit: (values: Values) => void; children: ReactNode }) {
  const { values, onSubmit, children } = props;
  const id = useId();
  const [text, setText] = useState(() => JSON.stringify(values, null, 2));
  const [wrong, setWrong] = useState("");
  const input = useRef<HTMLTextAreaElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      const value = parseExactly(text);
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("It must be an object.");
      setWrong("");
      onSubmit(value as Values);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
      input.current?.focus();
    }
  };
  return (
    <form className="schema-form" onSubmit={submit} noValidate>
      <div className={wrong === "" ? "field" : "field wrong"}>
        <label htmlFor={id}>Input as JSON</label>
        <textarea
          ref={input}
          id={id}
          className="code"
          rows={8}
          spellCheck={false}
          value={text}
          aria-invalid={wrong !== ""}
          aria-describedby={`${id}-wrong`}
          onChange={(event) => setText(event.target.value)}
        />
        <ul id={`${id}-wrong`} className="errors">
          {wrong !== "" && <li>{wrong}</li>}
        </ul>
      </div>
      {children}
    </form>
  );
}

// A schema that the form library trips over must not take the page along.
class Guard extends Component<{ onBroken: () => void; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override componentDidCatch(): void {
    this.props.onBroken();
  }

  override render(): ReactNode {
    return this.state.broken ? null : this.props.children;
  }
}
