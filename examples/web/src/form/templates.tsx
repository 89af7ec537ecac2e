// How the form library's parts look on this page. Everything that comes from a
// server is text here, never HTML.

import getDefaultRegistry from "@rjsf/core/lib/getDefaultRegistry.js";
import {
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  type BaseInputTemplateProps,
  buttonId,
  type DescriptionFieldProps,
  descriptionId,
  errorId,
  type FieldErrorProps,
  type FieldTemplateProps,
  getTemplate,
  type IconButtonProps,
  type TemplatesType,
  titleId,
} from "@rjsf/utils";

const { templates: defaults } = getDefaultRegistry();

function FieldTemplate(props: FieldTemplateProps) {
  const {
    id,
    label,
    required,
    displayLabel,
    description,
    errors,
    help,
    hidden,
    registry,
    rawErrors = [],
    children,
  } = props;
  if (hidden) return <div hidden>{children}</div>;
  const Wrap = getTemplate("WrapIfAdditionalTemplate", registry, {});
  return (
    <div className={rawErrors.length > 0 ? "field wrong" : "field"}>
      <Wrap {...props}>
        {displayLabel && label && (
          <label htmlFor={id}>
            {label}
            <Need required={required} />
          </label>
        )}
        {displayLabel && description}
        {children}
        {errors}
        {help}
      </Wrap>
    </div>
  );
}

// Optional is what is worth saying: most fields of most tools are required.
function Need({ required }: { required: boolean | undefined }) {
  return required ? null : <span className="optional"> optional</span>;
}

function BaseInputTemplate(props: BaseInputTemplateProps) {
  const Default = defaults.BaseInputTemplate;
  const wrong = (props.rawErrors?.length ?? 0) > 0;
  // Servers' own fields are no business of the browser's memory of forms.
  return <Default {...props} aria-invalid={wrong} autoComplete="off" />;
}

function Description({ id, description }: DescriptionFieldProps) {
  if (!description) return null;
  return (
    <p id={id} className="hint">
      {description}
    </p>
  );
}

function FieldErrors({ errors = [], fieldPathId }: FieldErrorProps) {
  if (errors.length === 0) return null;
  return (
    <ul id={errorId(fieldPathId)} className="errors">
      {errors.map((error) => (
        <li key={String(error)}>{error}</li>
      ))}
    </ul>
  );
}

function ArrayField(props: ArrayFieldTemplateProps) {
  const { title, required, schema, fieldPathId, items, canAdd, onAddClick, disabled, readonly } = props;
  return (
    <fieldset id={fieldPathId.$id} className="list">
      <legend id={titleId(fieldPathId)}>
        {title}
        <Need required={required} />
      </legend>
      {schema.description && (
        <p id={descriptionId(fieldPathId)} className="hint">
          {schema.description}
        </p>
      )}
      {items}
      {canAdd && (
        <button
          type="button"
          id={buttonId(fieldPathId, "add")}
          className="small"
          disabled={disabled || readonly}
          onClick={onAddClick}
        >
          Add an item<span className="unseen"> to {title}</span>
        </button>
      )}
    </fieldset>
  );
}

function ArrayItem({ children, buttonsProps, hasToolbar, index }: ArrayFieldItemTemplateProps) {
  const { hasMoveUp, hasMoveDown, hasRemove, onMoveUpItem, onMoveDownItem, onRemoveItem, disabled, readonly } =
    buttonsProps;
  const still = disabled || readonly;
  const button = (text: string, what: string, onClick: (event: React.MouseEvent) => void, off = false) => (
    <button
      type="button"
      className="icon"
      aria-label={`${what} item ${index + 1}`}
      title={what}
      disabled={still || off}
      onClick={onClick}
    >
      {text}
    </button>
  );
  return (
    <div className="item">
      <div className="item-value">{children}</div>
      {hasToolbar && (
        <div className="item-buttons">
          {(hasMoveUp || hasMoveDown) && button("↑", "Move up", onMoveUpItem, !hasMoveUp)}
          {(hasMoveUp || hasMoveDown) && button("↓", "Move down", onMoveDownItem, !hasMoveDown)}
          {hasRemove && button("×", "Remove", onRemoveItem)}
        </div>
      )}
    </div>
  );
}

function AddButton({ id, onClick, disabled }: IconButtonProps) {
  return (
    <button type="button" id={id} className="small" disabled={disabled} onClick={onClick}>
      Add a field
    </button>
  );
}

function RemoveButton({ id, onClick, disabled }: IconButtonProps) {
  return (
    <button
      type="button"
      id={id}
      className="icon"
      aria-label="Remove"
      title="Remove"
      disabled={disabled}
      onClick={onClick}
    >
      ×
    </button>
  );
}

export const templates: Partial<Omit<TemplatesType, "ButtonTemplates">> & {
  ButtonTemplates: Partial<TemplatesType["ButtonTemplates"]>;
} = {
  FieldTemplate,
  BaseInputTemplate,
  DescriptionFieldTemplate: Description,
  FieldErrorTemplate: FieldErrors,
  ArrayFieldTemplate: ArrayField,
  ArrayFieldItemTemplate: ArrayItem,
  ButtonTemplates: { AddButton, RemoveButton },
};
