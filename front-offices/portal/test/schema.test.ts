import { describe, expect, test } from "vitest";
import type { ProcessInput } from "@nadir/sdk";
import { isList, isRequired, kindOf, readField, resolve } from "../src/lib/schema.ts";

const scene = { type: "object", properties: { collection: { type: "string" }, item: { type: "string" } }, required: ["collection", "item"] };
const input = (schema: ProcessInput["schema"], rest: Partial<ProcessInput> = {}): ProcessInput => ({ schema, ...rest });

describe("a process input as a field", () => {
  test("kinds", () => {
    expect(kindOf(input(scene))).toBe("scene");
    expect(kindOf(input({ oneOf: [{ type: "string" }, scene] }))).toBe("scene");
    expect(kindOf(input({ type: "string", enum: ["a"] }))).toBe("choice");
    expect(kindOf(input({ type: ["number", "null"] }))).toBe("number");
    expect(kindOf(input({ type: "array", items: { type: "number" } }))).toBe("json");
    expect(kindOf(input({ allOf: [{ type: "integer" }, { minimum: 3 }] }))).toBe("integer");
    expect(resolve({ allOf: [{ type: "integer" }, { minimum: 3 }] }).minimum).toBe(3);
  });
  test("occurrence: once unless said otherwise (Part 1, table 9)", () => {
    expect(isRequired(input({}))).toBe(true);
    expect(isRequired(input({}, { minOccurs: 0 }))).toBe(false);
    expect(isList(input({}))).toBe(false);
    expect(isList(input({}, { maxOccurs: "unbounded" }))).toBe(true);
  });
  test("numbers keep their bounds", () => {
    const number = input({ type: "number", minimum: -1, exclusiveMaximum: 1 });
    expect(readField(number, "0,3")).toEqual({ value: 0.3 });
    expect(readField(number, "-1")).toEqual({ value: -1 });
    expect(readField(number, "1")).toEqual({ error: "high", limit: 1 });
    expect(readField(number, "-1.01")).toEqual({ error: "low", limit: -1 });
    expect(readField(number, "many")).toEqual({ error: "number" });
    expect(readField(input({ type: "integer" }), "1.5")).toEqual({ error: "integer" });
  });
  test("nothing typed", () => {
    expect(readField(input({ type: "string" }), " ")).toEqual({ error: "required" });
    expect(readField(input({ type: "string" }, { minOccurs: 0 }), "")).toEqual({ value: undefined });
    expect(readField(input({ type: "number", default: 3 }), "")).toEqual({ value: undefined });
  });
  test("an enumeration gives back its own type", () => {
    expect(readField(input({ enum: [1, 2] }), "2")).toEqual({ value: 2 });
  });
  test("JSON is JSON", () => {
    expect(readField(input({ type: "array" }), "[1, 2]")).toEqual({ value: [1, 2] });
    expect(readField(input({ type: "array" }), "1, 2")).toEqual({ error: "json" });
  });
});
