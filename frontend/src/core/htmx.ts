import htmxModule, { type HtmxRequestCtx } from "htmx.org";
import { find, meta } from "./dom";
import { asking, messageFor, visit } from "./http";
import { ask } from "./overlay";
import { toast } from "./toast";

export const htmx = htmxModule;
interface Detail {
  /** `hx` (the HX-… answer headers), `confirm` and `fetch` exist at run time but are not in htmx 4.0.1's own types */
  ctx: HtmxRequestCtx & { hx?: Record<string, unknown>; confirm?: string; fetch?: typeof fetch };
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

/** What somebody typed or chose goes in the body of a question, never in its address; what the server has put into a link stays there. */
function askInBody(ctx: Detail["ctx"]): void {
  const form = ctx.request.body;
  if (!(form instanceof FormData)) return;
  const values = new URLSearchParams();
  for (const [name, value] of form) if (typeof value === "string") values.append(name, value);
  if (!values.size) return;
  const target = new URL(ctx.request.action, location.href);
  if (target.origin !== location.origin) return;
  for (const name of new Set(values.keys())) {
    form.delete(name);
    target.searchParams.delete(name);
  }
  ctx.request.action = target.pathname + target.search;
  const how = asking(values, "push");
  ctx.fetch = (url, init) => fetch(url, { ...init, ...how, headers: { ...init?.headers, ...how.headers } });
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
    else askInBody(ctx);
  });
  // what was asked in a body is pushed by the address that the server has for it, unless it has named another
  document.addEventListener("htmx:before:history:update", (event) => {
    const { history: change, response } = detail<{ history: { path: string }; response?: { headers: Headers } }>(event);
    const headers = response?.headers;
    const address = headers?.get("X-Address");
    if (address && !headers?.get("HX-Push-Url") && !headers?.get("HX-Replace-Url")) change.path = address;
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
    if (!(form instanceof HTMLFormElement) || event.defaultPrevented || form.method !== "get" || form.hasAttribute("hx-get")) return;
    event.preventDefault();
    const values = new URLSearchParams();
    for (const [name, value] of new FormData(form, event.submitter)) if (typeof value === "string") values.append(name, value);
    visit(form, values).catch((error: unknown) => toast({ kind: "error", text: error instanceof Error ? error.message : messageFor(0) }));
  });
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
