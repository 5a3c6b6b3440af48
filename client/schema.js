// Reads JSON schemas of the OpenAPI document: types, members and examples.

import { element } from "./dom.js";

/** Returns a function that follows references. */
export function resolver(document) {
  return (schema) => {
    let found = schema;
    while (found.$ref) found = found.$ref.slice(2).split("/").reduce((node, name) => node[name], document);
    return found;
  };
}

/** For example "string, 1 to 64 characters" or "integer, 1 to 100, default 20". */
export function typeOf({ type, enum: values, format, minimum, maximum, minLength, maxLength, default: fallback }) {
  const parts = [values ? values.map(String).join(" or ") : [type].flat().filter((each) => each && each !== "null").join(" or ") || "any JSON"];
  if (format === "date-time") parts.push("time");
  if (maximum !== undefined) parts.push(`${minimum ?? 0} to ${maximum}`);
  if (minLength !== undefined || maxLength !== undefined) parts.push(range(minLength, maxLength));
  if (fallback !== undefined) parts.push(`default ${JSON.stringify(fallback)}`);
  return parts.join(", ");
}

function range(least, most) {
  if (most === undefined) return `at least ${least} characters`;
  return least ? `${least} to ${most} characters` : `at most ${most} characters`;
}

/** The members of an object, `{name, type, isRequired, description}`. */
export function fieldsOf(schema, resolve) {
  return Object.entries(schema.properties ?? {}).map(([name, reference]) => {
    const member = resolve(reference);
    return {
      name,
      type: typeOf(member),
      isRequired: (schema.required ?? []).includes(name),
      description: reference.description ?? member.description ?? "",
    };
  });
}

/** An example value. Optional members of a request that have a default are left out. */
export function exampleOf(reference, resolve) {
  const schema = resolve(reference);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (schema.oneOf ?? schema.anyOf ?? schema.allOf) return exampleOf((schema.oneOf ?? schema.anyOf ?? schema.allOf)[0], resolve);
  const [type] = [schema.type].flat();
  if (type === "array") return [exampleOf(schema.items ?? {}, resolve)];
  if (type === "integer" || type === "number") return schema.default ?? schema.minimum ?? 1;
  if (type === "boolean") return schema.default ?? true;
  if (type === "string") return "text";
  const members = Object.entries(schema.properties ?? {}).filter(([, member]) => resolve(member).default === undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(member, resolve)]));
}

/** Text with `code` spans, as nodes. */
export function formatted(text) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? element("code", "", part) : document.createTextNode(part)));
}
