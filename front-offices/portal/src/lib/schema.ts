import type { JsonSchema, ProcessInput } from "@nadir/sdk";

/** The kinds of field a process input can become. */
export type FieldKind = "scene" | "number" | "integer" | "boolean" | "choice" | "text" | "json";

/** Alternatives that mean one thing are reduced to the first that a form can show. */
export function resolve(schema: JsonSchema): JsonSchema {
  const options = schema.oneOf ?? (schema.anyOf as JsonSchema[] | undefined);
  if (options?.length) return resolve({ ...schema, oneOf: undefined, anyOf: undefined, ...(options.find(isScene) ?? options[0]) });
  if (schema.allOf?.length) return resolve(Object.assign({}, schema, { allOf: undefined }, ...schema.allOf) as JsonSchema);
  return schema;
}

function isScene(schema: JsonSchema): boolean {
  return "collection" in (schema.properties ?? {}) && "item" in (schema.properties ?? {});
}

export function kindOf(input: ProcessInput): FieldKind {
  const schema = resolve(input.schema);
  if (isScene(schema)) return "scene";
  if (schema.enum) return "choice";
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== "null") : schema.type;
  if (type === "number" || type === "integer" || type === "boolean") return type;
  if (type === "string") return "text";
  return "json";
}

export function isRequired(input: ProcessInput): boolean {
  return (input.minOccurs ?? 1) > 0;
}

export function isList(input: ProcessInput): boolean {
  return input.maxOccurs === "unbounded" || (typeof input.maxOccurs === "number" && input.maxOccurs > 1);
}

/** Why text does not fit an input: a key below `form.` and what to fill in, or the value that it means. */
export type Read = { value: unknown } | { error: "required" | "number" | "integer" | "low" | "high" | "pattern" | "json"; limit?: number };

export function readField(input: ProcessInput, text: string): Read {
  const schema = resolve(input.schema);
  const kind = kindOf(input);
  const trimmed = text.trim();
  if (!trimmed) return isRequired(input) && schema.default === undefined ? { error: "required" } : { value: undefined };
  switch (kind) {
    case "number":
    case "integer": {
      const value = Number(trimmed.replace(",", "."));
      if (!Number.isFinite(value)) return { error: "number" };
      if (kind === "integer" && !Number.isInteger(value)) return { error: "integer" };
      if (schema.minimum !== undefined && value < schema.minimum) return { error: "low", limit: schema.minimum };
      if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) return { error: "low", limit: schema.exclusiveMinimum };
      if (schema.maximum !== undefined && value > schema.maximum) return { error: "high", limit: schema.maximum };
      if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum) return { error: "high", limit: schema.exclusiveMaximum };
      return { value };
    }
    case "choice":
      return { value: schema.enum?.find((choice) => String(choice) === trimmed) ?? trimmed };
    case "boolean":
      return { value: trimmed === "true" };
    case "text":
      if (schema.pattern && !new RegExp(schema.pattern, "u").test(trimmed)) return { error: "pattern" };
      return { value: trimmed };
    default:
      try {
        return { value: JSON.parse(trimmed) as unknown };
      } catch {
        return { error: "json" };
      }
  }
}
