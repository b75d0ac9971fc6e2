/** Building blocks for making elements without HTML strings (nothing from data is ever parsed as markup). */
export type Child = Node | string | null | undefined | false;

export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attrs: Record<string, string | boolean | undefined> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

export function append(node: Element, children: Child[]): void {
  for (const child of children) if (child !== null && child !== undefined && child !== false) node.append(child);
}

export const find = <T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T | null => within.querySelector<T>(selector);
export const all = <T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T[] => [...within.querySelectorAll<T>(selector)];
export const meta = (name: string): string => find<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";

const SVG = "http://www.w3.org/2000/svg";
export function icon(name: string, size = 16): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon icon-${size}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${meta("icons")}#i-${name}`);
  svg.append(use);
  return svg;
}

/** The configuration of an island: its own <script type="application/json"> child. */
export function config<T>(host: Element, otherwise: T): T {
  const script = host.querySelector<HTMLScriptElement>(':scope > script[type="application/json"]');
  return script?.textContent ? (JSON.parse(script.textContent) as T) : otherwise;
}

/** The button or link the event came from, if it matches. */
export const closest = (event: Event, selector: string): HTMLElement | null => (event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null);

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type)));

export function debounce<A extends unknown[]>(ms: number, run: (...args: A) => void): (...args: A) => void {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => run(...args), ms);
  };
}

/** Text with the parts that match the query marked. */
export function marked(text: string, query: string): Node {
  const at = query ? text.toLowerCase().indexOf(query.toLowerCase()) : -1;
  if (at < 0) return document.createTextNode(text);
  const out = document.createDocumentFragment();
  out.append(text.slice(0, at), el("mark", {}, text.slice(at, at + query.length)), text.slice(at + query.length));
  return out;
}
