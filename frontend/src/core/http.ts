import { t } from "./i18n";
import { meta } from "./dom";

/** A refusal or failure of the server, with words a person can read. */
export class HttpError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

export function messageFor(status: number): string {
  const known = [401, 403, 404, 409, 413, 429];
  if (status === 0) return t("error_network");
  return t(known.includes(status) ? `error_${status}` : "error_500");
}

async function failure(response: Response): Promise<HttpError> {
  let text = "";
  try {
    const body: unknown = await response.clone().json();
    if (typeof body === "object" && body !== null && "message" in body) text = String(body.message);
  } catch {
    // not JSON: the status says enough
  }
  return new HttpError(response.status, text || messageFor(response.status));
}

async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new HttpError(0, t("error_network"));
  }
  if (!response.ok) throw await failure(response);
  return response;
}

/** How a question is sent that holds what somebody typed: the server takes it for a GET, but its query is the body, since an
 * address is kept where nobody looks after it. "push" also tells the address (sealed), "address" only that. */
export const asking = (values: URLSearchParams, wants: "answer" | "push" | "address" = "answer"): { method: string; body: URLSearchParams; headers: Record<string, string> } => ({ method: "POST", body: values, headers: { "X-Asks": wants } });

/** Asks; `values` are what the answer depends on, and stand in no address. */
export async function getJson<T>(url: string, signal?: AbortSignal, values?: Record<string, string>): Promise<T> {
  const how = values ? asking(new URLSearchParams(values)) : { headers: {} };
  const response = await send(url, { ...how, headers: { ...how.headers, Accept: "application/json" }, ...(signal ? { signal } : {}) });
  return (await response.json()) as T;
}

/** Opens what a form of the kind GET asks for, by an address in which nothing typed can be read. */
export async function visit(form: HTMLFormElement, values: URLSearchParams): Promise<void> {
  const { pathname } = new URL(form.getAttribute("action") ?? "", location.href);
  const response = await send(pathname, asking(values, "address"));
  location.assign(response.headers.get("X-Address") ?? pathname);
}

type Fields = Record<string, string> | FormData;

async function posted(url: string, fields: Fields, signal?: AbortSignal): Promise<Response> {
  const body = fields instanceof FormData ? fields : new URLSearchParams(fields);
  const headers = { "X-CSRFToken": meta("csrf-token"), Accept: "application/json" };
  return send(url, { method: "POST", body, headers, ...(signal ? { signal } : {}) });
}

/** POST form fields with the CSRF header; resolves to the response text. */
export async function post(url: string, fields: Fields): Promise<string> {
  return (await posted(url, fields)).text();
}

/** Asks by POST what names a person and so has no place in an address. */
export async function postJson<T>(url: string, fields: Fields, signal?: AbortSignal): Promise<T> {
  return (await (await posted(url, fields, signal)).json()) as T;
}
