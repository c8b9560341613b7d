export interface Series { times: number[]; values: number[] }

/** A series of the statistics module, which has a value for each day, as uPlot wants it: seconds since 1970, and numbers. */
export function seriesFrom(rows: { day: string; value: number }[]): Series {
  return { times: rows.map((row) => Date.parse(row.day) / 1000), values: rows.map((row) => row.value) };
}
