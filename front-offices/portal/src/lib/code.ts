export type CodeLanguage = "curl" | "python" | "javascript";

/** A program that asks the same search and walks through every page of it. */
export function code(language: CodeLanguage, origin: string, query: object): string {
  const json = JSON.stringify(query, null, 2);
  if (language === "curl") {
    // Inside single quotes a shell takes everything literally but the quote itself.
    return `curl -s ${origin}/stac/search \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(query).replaceAll("'", "'\\''")}'`;
  }
  if (language === "python") {
    const literal = python(query, 0);
    return `from pystac_client import Client  # pip install pystac-client\n\ncatalogue = Client.open("${origin}/stac/")\nsearch = catalogue.search(**${literal})\nfor item in search.items():\n    print(item.id, item.datetime)\n`;
  }
  return `import { Nadir } from "@nadir/sdk";\n\nconst nadir = new Nadir("${origin}");\nconst query = ${json};\nfor await (const item of nadir.catalogue.all(query)) {\n  console.log(item.id, item.properties.datetime);\n}\n`;
}

function python(value: unknown, depth: number): string {
  const pad = "    ".repeat(depth + 1);
  const end = "    ".repeat(depth);
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) {
    const parts = value.map((part) => python(part, depth + 1));
    return parts.join("").length < 80 ? `[${parts.join(", ")}]` : `[\n${parts.map((part) => pad + part).join(",\n")}\n${end}]`;
  }
  if (typeof value === "object") {
    const members = Object.entries(value as object).filter(([, member]) => member !== undefined);
    // pystac-client spells the one name that is no Python identifier with an underscore.
    return `{\n${members.map(([name, member]) => `${pad}${JSON.stringify(name.replaceAll("filter-", "filter_"))}: ${python(member, depth + 1)}`).join(",\n")}\n${end}}`;
  }
  return JSON.stringify(value);
}
