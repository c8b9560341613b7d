/** RFC 9457 problem document, as every Nadir API answers an error. */
export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  instance?: string;
  field?: string;
  [member: string]: unknown;
}

/** A request that the server refused, or that never reached it (`status` 0). */
export class Problem extends Error {
  readonly status: number;
  /** Last path segment of the problem type: `insufficient-funds`, `licence-not-accepted`, ... */
  readonly code: string;
  readonly document: ProblemDocument;

  constructor(status: number, document: ProblemDocument) {
    super(document.detail ?? document.title ?? (status ? `HTTP ${status}` : "The server cannot be reached."));
    this.name = "Problem";
    this.status = status;
    this.document = document;
    this.code = (document.type ?? "").replace(/[#?].*$/, "").split(/[/:]/).filter(Boolean).pop() ?? "";
  }

  /** Name of the input at fault, where the server names one. */
  get field(): string | undefined {
    return typeof this.document.field === "string" ? this.document.field : undefined;
  }

  static async from(answer: Response): Promise<Problem> {
    const text = await answer.text().catch(() => "");
    try {
      const document = JSON.parse(text) as ProblemDocument;
      if (document && typeof document === "object") {
        // OAuth 2 errors (RFC 6749 section 5.2) carry other member names.
        if (!document.title && typeof document.error === "string") {
          document.title = document.error;
          document.type ??= document.error;
          if (typeof document.error_description === "string") document.detail ??= document.error_description;
        }
        return new Problem(answer.status, document);
      }
    } catch {
      /* not JSON: the status line says what there is to say */
    }
    return new Problem(answer.status, { title: answer.statusText || `HTTP ${answer.status}` });
  }
}
