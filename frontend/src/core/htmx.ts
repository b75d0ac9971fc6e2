import htmxModule, { type HtmxRequestCtx } from "htmx.org";
import { find, meta } from "./dom";
import { messageFor } from "./http";
import { ask } from "./overlay";
import { toast } from "./toast";

export const htmx = htmxModule;
interface Detail {
  /** `hx` (the HX-… answer headers) and `confirm` exist at run time but are not in htmx 4.0.1's own types */
  ctx: HtmxRequestCtx & { hx?: Record<string, unknown>; confirm?: string };
}
interface ConfirmDetail extends Detail {
  issueRequest: () => void;
  dropRequest: () => void;
}
const detail = <T = Detail>(event: Event): T => (event as CustomEvent<T>).detail;

/** 422 comes back as the form with its errors and is swapped; every other failure leaves the page as it is and is said in a toast. */
function handleFailure({ ctx }: Detail): void {
  const status = ctx.response?.status ?? 0;
  const headers = ctx.response?.headers;
  if (status === 422 || headers?.get("HX-Retarget") || hasOwnRule(ctx.sourceElement, status)) return;
  ctx.swap = "none";
  if (ctx.hx) delete ctx.hx["reswap"];
  if (status === 401) location.reload();
  if (headers?.get("HX-Trigger")?.includes("toast")) return;
  toast({ kind: "error", text: refusal(ctx.text) || messageFor(status) });
}

function refusal(body: unknown): string {
  try {
    const parsed: unknown = JSON.parse(String(body));
    return typeof parsed === "object" && parsed !== null && "message" in parsed ? String(parsed.message) : "";
  } catch {
    return "";
  }
}

function hasOwnRule(source: Element | undefined, status: number): boolean {
  return [`${status}`, `${Math.floor(status / 10)}x`, `${Math.floor(status / 100)}xx`].some((p) => source?.hasAttribute(`hx-status:${p}`));
}

let running = 0;
function bar(step: number): void {
  running = Math.max(0, running + step);
  const node = find(".pagebar");
  if (!node) return;
  if (running > 0) {
    node.classList.remove("done");
    node.classList.add("on");
  } else {
    node.classList.replace("on", "done");
  }
}

export function installHtmx(): void {
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = detail(event);
    if (!/^(GET|HEAD)$/i.test(ctx.request.method)) ctx.request.headers["X-CSRFToken"] = meta("csrf-token");
  });
  document.addEventListener("htmx:response:error", (event) => handleFailure(detail(event)));
  document.addEventListener("htmx:error", (event) => {
    if (!detail(event).ctx?.response) toast({ kind: "error", text: messageFor(0) });
  });
  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = detail<ConfirmDetail>(event);
    const source = ctx.sourceElement as HTMLElement;
    event.preventDefault();
    void ask(String(ctx.confirm), { danger: source.matches(".btn-danger, .danger, [data-danger]"), ...(source.dataset["confirmOk"] ? { ok: source.dataset["confirmOk"] } : {}) }).then((yes) => (yes ? issueRequest() : dropRequest()));
  });
  document.addEventListener("htmx:before:request", () => bar(1));
  document.addEventListener("htmx:finally:request", () => bar(-1));
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset["confirm"] || form.dataset["confirmed"]) return;
    event.preventDefault();
    void ask(form.dataset["confirm"], { danger: form.hasAttribute("data-danger") }).then((yes) => {
      if (!yes) return;
      form.dataset["confirmed"] = "true";
      form.requestSubmit(event.submitter);
    });
  });
}
