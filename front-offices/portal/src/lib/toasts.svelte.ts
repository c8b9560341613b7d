export interface Toast { id: number; text: string; kind: "good" | "bad" | "info" }

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  show(text: string, kind: Toast["kind"] = "info"): void {
    const id = this.#next++;
    this.list.push({ id, text, kind });
    setTimeout(() => this.close(id), kind === "bad" ? 9000 : 5000);
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
