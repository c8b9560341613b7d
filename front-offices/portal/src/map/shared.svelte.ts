import type { Geometry } from "@nadir/sdk";
import type { EarthMap } from "./map.ts";

/** The one map of the page, once it is there, and what pages ask of it. */
class SharedMap {
  earth = $state.raw<EarthMap | undefined>();
  drawing = $state<"box" | "polygon" | undefined>();
  pendingTiles = $state(0);

  async draw(kind: "box" | "polygon"): Promise<Geometry | undefined> {
    if (!this.earth) return undefined;
    this.drawing = kind;
    try {
      return await this.earth.draw(kind);
    } finally {
      this.drawing = undefined;
    }
  }

  stop(): void {
    this.earth?.stopDrawing();
  }
}

export const shared = new SharedMap();
