import { describe, expect, test } from "vitest";
import { shownOf } from "../src/lib/saved.ts";

describe("a saved search in the explore form", () => {
  test("knows the form's own question about clouds, which leaves scenes that know none", () => {
    const cover = { property: "eo:cloud_cover" };
    const shown = shownOf({ filter: { op: "or", args: [{ op: "<=", args: [cover, 20] }, { op: "isNull", args: [cover] }] }, "filter-lang": "cql2-json" });
    expect(shown.params.get("cloud")).toBe("20");
    expect(shown.whole).toBe(true);
  });

  test("what the portal saves is shown whole", () => {
    const shown = shownOf({
      collections: ["landsat-7"], bbox: [-35, -9, -34, -8], datetime: "2020-01-01T00:00:00Z/..",
      filter: { op: "<=", args: [{ property: "eo:cloud_cover" }, 20] }, "filter-lang": "cql2-json",
    });
    expect(shown.whole).toBe(true);
    expect(Object.fromEntries(shown.params)).toEqual({ collection: "landsat-7", from: "2020-01-01", cloud: "20", area: "-35,-9,-34,-8" });
  });
  test("six numbers are a box, a polygon stays one", () => {
    expect(shownOf({ bbox: [1, 2, 0, 3, 4, 100] }).params.get("area")).toBe("1,2,3,4");
    const polygon = { type: "Polygon" as const, coordinates: [[[0, 0], [1, 0], [1, 2], [0, 0]]] };
    expect(shownOf({ intersects: polygon }).params.get("area")).toBe("POLYGON((0 0,1 0,1 2,0 0))");
  });
  test("what the form cannot show is said not to be whole", () => {
    for (const search of [{ ids: ["a"] }, { q: "fire" }, { collections: ["a", "b"] }, { filter: { op: "=", args: [{ property: "platform" }, "x"] } }]) {
      expect(shownOf(search).whole).toBe(false);
    }
    expect(shownOf({}).whole).toBe(true);
  });
});
