import { describe, expect, test } from "vitest";
import { AreaError, areaFromText, areaKm2, areaToText, bboxOf } from "../src/lib/area.ts";

const box = [-34.95, -8.1, -34.84, -7.97];

function refusal(text: string): string {
  try {
    areaFromText(text);
  } catch (error) {
    if (error instanceof AreaError) return error.key;
    throw error;
  }
  return "accepted";
}

describe("an area from text", () => {
  test.each(["-34.95, -8.1, -34.84, -7.97", "-34.95 -8.1 -34.84 -7.97", "[-34.95,-8.1,-34.84,-7.97]"])("four numbers: %s", (text) => {
    expect(bboxOf(areaFromText(text))).toEqual(box);
  });
  test("WKT, with or without SRID", () => {
    const wkt = "POLYGON((-34.95 -8.1,-34.84 -8.1,-34.84 -7.97,-34.95 -8.1))";
    expect(areaFromText(wkt).coordinates).toEqual(areaFromText(`SRID=4326;${wkt}`).coordinates);
    expect(bboxOf(areaFromText(wkt))).toBeUndefined();
  });
  test("GeoJSON geometry, feature and collection of one", () => {
    const geometry = { type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 2], [0, 0]]] };
    const feature = { type: "Feature", properties: {}, geometry };
    for (const document of [geometry, feature, { type: "FeatureCollection", features: [feature] }]) expect(areaFromText(JSON.stringify(document)).coordinates).toEqual(geometry.coordinates);
  });
  test("refusals say why", () => {
    expect(refusal("somewhere in Brazil")).toBe("unreadable");
    expect(refusal("{")).toBe("unreadable");
    expect(refusal("POINT(1 2)")).toBe("kind");
    expect(refusal('{"type":"FeatureCollection","features":[]}')).toBe("kind");
    expect(refusal("10, 0, 5, 1")).toBe("range");
    expect(refusal("0, 0, 200, 1")).toBe("range");
    expect(refusal("POLYGON((0 0,1 0,1 91,0 0))")).toBe("range");
    const ring = Array.from({ length: 6000 }, (_, n) => `${Math.cos(n)} ${Math.sin(n)}`).join(",");
    expect(refusal(`POLYGON((${ring},1 0))`)).toBe("large");
  });
  test("what is written is read back", () => {
    for (const text of ["-34.95, -8.1, -34.84, -7.97", "POLYGON((0 0,1 0,1 2,0 0))"]) expect(areaFromText(areaToText(areaFromText(text)))).toEqual(areaFromText(text));
  });
  test("a degree at the equator covers some 12 360 km²", () => {
    expect(areaKm2(areaFromText("0, 0, 1, 1"))).toBeCloseTo(12364, -2);
  });
});
